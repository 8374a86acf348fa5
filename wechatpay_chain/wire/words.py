"""The words that say how a message is signed: in `Authorization`, and in `Wechatpay-Signature-Type`.

A merchant's messages are signed with RSA or with SM2, while he switches with both. The key that a message names decides
by which one it is verified, and its word must be that key's.
https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..crypto.aead import AES_256_GCM, SM4_GCM
from ..crypto.asymmetric import Algorithm

RSA = "WECHATPAY2-SHA256-RSA2048"
SM2 = "WECHATPAY2-SM2-WITH-SM3"
BRAND = "WECHATPAY-BRAND-SHA256-RSA2048"

Words = Mapping[Algorithm, str]
"""The words that are accepted, by the kind of the key that signs."""

OF_MERCHANT: Words = {"RSA": RSA, "SM2": SM2}
OF_BRAND: Words = {"RSA": BRAND}

SEALED_WITH: Mapping[str, str] = {RSA: AES_256_GCM, BRAND: AES_256_GCM, SM2: SM4_GCM}
"""How the resource of a notification is sealed, by the word of its signature."""
