"""Operations whose answers need more than the catalogue knows.

https://pay.weixin.qq.com/doc/v3/merchant/4014551946 (echo)
https://pay.weixin.qq.com/doc/v3/merchant/4012551764 (certificates)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509

from ...crypto import aead
from ..platform import refusal
from ..platform.call import Call
from ..platform.keys import KeyPair
from ..platform.routes import Route, Routes
from ..platform.times import rfc3339

_CERTIFICATES = ("/v3/certificates", "/v3/global/certificates", "/hk/v3/certificates")
_ECHOED = ("echo_message", "encrypted_echo_message")
_ASSOCIATED_DATA = "certificate"


def register(routes: Routes, platform_keys: Callable[[], Sequence[KeyPair]], apiv3_key: str) -> None:
    """Add the routes."""
    routes.add("POST", "/v3/security/echo", _echo)
    for path in _CERTIFICATES:
        routes.add("GET", path, _certificates(platform_keys, apiv3_key))


def _echo(call: Call) -> dict[str, Any]:
    return {name: call.json[name] for name in _ECHOED if name in call.json}


def _certificates(platform_keys: Callable[[], Sequence[KeyPair]], apiv3_key: str) -> Route:
    def certificates(_call: Call) -> dict[str, Any]:
        told = [_told(key, key.certificate, apiv3_key) for key in platform_keys() if key.certificate is not None]
        if not told:
            raise refusal.not_found("无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。")
        return {"data": told}

    return certificates


def _told(key: KeyPair, certificate: x509.Certificate, apiv3_key: str) -> dict[str, Any]:
    nonce = secrets.token_hex(6)
    ciphertext = aead.encrypt(apiv3_key.encode(), nonce.encode(), key.public_pem.encode(), _ASSOCIATED_DATA.encode())
    return {
        "serial_no": key.serial,
        "effective_time": rfc3339(certificate.not_valid_before_utc.timestamp()),
        "expire_time": rfc3339(certificate.not_valid_after_utc.timestamp()),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": _ASSOCIATED_DATA,
            "ciphertext": ciphertext,
        },
    }
