"""Uploads: the same file gets the same number.

https://pay.weixin.qq.com/doc/v3/merchant/4012761087
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from ..platform.call import Call
from ..world.world import World
from .product import Product

_MEDIA = (
    "/v3/merchant/media/upload",
    "/v3/merchant/media/video_upload",
    "/v3/merchant-service/images/upload",
)


def _upload(_world: World, call: Call) -> dict[str, Any]:
    digest = hashlib.sha512(call.file or b"").digest()
    return {"media_id": base64.urlsafe_b64encode(digest * 2).decode("ascii").rstrip("=")}


PRODUCT = Product(name="uploads", routes={f"POST {path}": _upload for path in _MEDIA})
