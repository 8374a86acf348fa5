"""How a message is signed, as the platform names it in `Authorization` and in `Wechatpay-Signature-Type`.

A merchant who is switching to SM gets messages of both types. The key that a message names decides by which algorithm
it is verified, and the message's type must be that of the key.
https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..crypto.aead import AES_256_GCM, SM4_GCM
from ..crypto.asymmetric import Algorithm

RSA = "WECHATPAY2-SHA256-RSA2048"
SM2 = "WECHATPAY2-SM2-WITH-SM3"
BRAND = "WECHATPAY-BRAND-SHA256-RSA2048"

SignatureTypes = Mapping[Algorithm, str]
"""The signature type that belongs to each algorithm."""

OF_MERCHANT: SignatureTypes = {"RSA": RSA, "SM2": SM2}
OF_BRAND: SignatureTypes = {"RSA": BRAND}

SEALED_WITH: Mapping[str, str] = {RSA: AES_256_GCM, BRAND: AES_256_GCM, SM2: SM4_GCM}
"""Signature type of a notification -> the algorithm that its resource is encrypted with."""
