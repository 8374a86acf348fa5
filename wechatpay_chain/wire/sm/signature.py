"""The `Authorization` header of a merchant whose key is of SM2.

https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

from .. import words
from ..authorization import Header
from ..v3 import signature

SCHEME = words.SM2
_HEADER = Header(SCHEME, "mchid")


class Authorization(signature.Authorization):
    """What an `Authorization` header says, as of APIv3. Its repr leaves out the signature."""

    __slots__ = ()

    @staticmethod
    def form() -> Header:
        """How the header is written and read."""
        return _HEADER
