"""APIv2's digests: keyed MD5 and HMAC-SHA256, in capital hexadecimal.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import hashlib
import hmac


def md5(message: bytes) -> str:
    """MD5, capital hexadecimal."""
    # The platform's choice for APIv2; the secret key stands at the message's end.
    return hashlib.md5(message, usedforsecurity=False).hexdigest().upper()


def hmac_sha256(key: bytes, message: bytes) -> str:
    """HMAC-SHA256, capital hexadecimal."""
    return hmac.digest(key, message, "sha256").hex().upper()


def equal(ours: str, theirs: str) -> bool:
    """Whether two digests are equal, in a time that doesn't tell where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))
