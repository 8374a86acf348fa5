"""The brand's scheme: APIv3's signature, of another type, in the brand's name and by the brand's own keys.

https://pay.weixin.qq.com/doc/brand/4015407523
https://pay.weixin.qq.com/doc/brand/4015597833 (requests)
"""

from __future__ import annotations

from functools import partial

from . import v3
from .signature_types import OF_BRAND

verify = partial(v3.verify, accepted=OF_BRAND)
"""Check the signature of an answer to a brand, or of its notification; arguments as for `wire.v3.verify`."""
