"""Operations whose answers need more than the catalogue knows.

https://pay.weixin.qq.com/doc/v3/merchant/4014551946 (echo)
https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates)
"""

from __future__ import annotations

import secrets
from typing import Any

from cryptography import x509

from ...crypto import aead
from ..platform import apiv2, refusal
from ..platform.call import Call
from ..platform.keys import KeyPair
from ..platform.times import rfc3339
from ..world.world import World
from .product import Product

_CERTIFICATES = ("/v3/certificates", "/v3/global/certificates", "/hk/v3/certificates")
_ECHOED = ("echo_message", "encrypted_echo_message")
_ASSOCIATED_DATA = "certificate"


def _echo(_world: World, call: Call) -> dict[str, Any]:
    return {name: call.json[name] for name in _ECHOED if name in call.json}


def _certificates(world: World, call: Call) -> dict[str, Any]:
    apiv3_key = world.merchants[call.mchid].apiv3_key
    wanted = call.query.get("algorithm_type") or "RSA"
    told = [
        _told(key, key.certificate, apiv3_key)
        for key in world.platform_keys
        if key.certificate is not None and wanted in {key.algorithm, "ALL"}
    ]
    if not told:
        raise refusal.not_found("无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。")
    return {"data": told}


def _bank_key(world: World, call: Call) -> dict[str, str]:
    return {"result_code": "SUCCESS", "pub_key": world.bank_key.pkcs1_pem, "mch_id": call.mchid}


def _sandbox_key(world: World, call: Call) -> dict[str, str]:
    return {"mch_id": call.mchid, "sandbox_signkey": apiv2.sandbox_key(world.merchants[call.mchid].apiv2_key)}


def _told(key: KeyPair, certificate: x509.Certificate, apiv3_key: str) -> dict[str, Any]:
    nonce = secrets.token_hex(6)
    algorithm = aead.SM4_GCM if key.algorithm == "SM2" else aead.AES_256_GCM
    ciphertext = aead.encrypt(
        apiv3_key.encode(), nonce.encode(), key.public_pem.encode(), _ASSOCIATED_DATA.encode(), algorithm=algorithm
    )
    return {
        "serial_no": key.serial,
        "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
        "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
        "encrypt_certificate": {
            "algorithm": algorithm,
            "nonce": nonce,
            "associated_data": _ASSOCIATED_DATA,
            "ciphertext": ciphertext,
        },
    }


PRODUCT = Product(
    name="security",
    routes={
        "POST /v3/security/echo": _echo,
        **{f"GET {path}": _certificates for path in _CERTIFICATES},
        "POST /v2/risk/getpublickey": _bank_key,
        "POST /v2/xdc/apiv2getsignkey/sign/getsignkey": _sandbox_key,
        "POST /v2/sandboxnew/pay/getsignkey": _sandbox_key,
    },
)
