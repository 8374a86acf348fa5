"""Platform certificates as `GET /v3/certificates` returns them: each encrypted with the APIv3 key.

https://pay.weixin.qq.com/doc/v3/merchant/4012551764
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, cast

import orjson

from ...crypto import aead
from ...crypto.concealed import Concealed
from ...errors import DecodeError
from ...http.value import frozen

ALGORITHM = aead.AES_256_GCM
_ALGORITHMS = (ALGORITHM, aead.SM4_GCM)
PURPOSE = "certificate"
"""The associated data of an encrypted certificate; notifications, encrypted with the same key, have other data."""

_ONE_CERTIFICATE = re.compile(rb"\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*")


@frozen()
class SealedCertificate:
    """One certificate of an answer.

    Attributes:
        serial: its name in the answer.
        sealed: its part of the answer. Only a holder of the APIv3 key can have made it, so it can be cached in a file.
    """

    serial: str
    sealed: Mapping[str, Any] = field(repr=False)

    def open(self, apiv3_key: bytes | Concealed[bytes]) -> bytes:
        """The certificate as PEM.

        Raises:
            DecryptionError: the APIv3 key doesn't open it.
            DecodeError: a member is missing or wrong, or something else is encrypted in its place.
        """
        parts = _texts(self.sealed.get("encrypt_certificate"), ("algorithm", "nonce", "ciphertext", "associated_data"))
        if parts["algorithm"] not in _ALGORITHMS:
            known = " or ".join(_ALGORITHMS)
            raise DecodeError(f"a certificate is encrypted with {parts['algorithm'][:64]!r}, not {known}")
        if parts["associated_data"] != PURPOSE:
            raise DecodeError(f"a certificate is sealed for {parts['associated_data'][:64]!r}, not as a {PURPOSE}")
        pem = aead.decrypt(
            apiv3_key,
            parts["nonce"].encode(),
            parts["ciphertext"],
            PURPOSE.encode(),
            algorithm=parts["algorithm"],
        )
        if not _ONE_CERTIFICATE.fullmatch(pem):
            raise DecodeError("what is sealed as a certificate is not one certificate in PEM")
        return pem


def parse(content: bytes) -> list[SealedCertificate]:
    """Read an answer.

    Raises:
        DecodeError: it isn't such an answer.
    """
    try:
        answer: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise DecodeError("the list of platform certificates is not JSON") from None
    members = cast("dict[str, list[object]]", answer) if isinstance(answer, dict) else {}
    told = members.get("data")
    if not isinstance(told, list):
        raise DecodeError("the list of platform certificates has no data")
    return [
        SealedCertificate(_texts(entry, ("serial_no",))["serial_no"], cast("Mapping[str, Any]", entry))
        for entry in told
    ]


def build(certificates: list[SealedCertificate]) -> bytes:
    """Write certificates in the form of an answer."""
    return orjson.dumps({"data": [dict(certificate.sealed) for certificate in certificates]})


def _texts(value: object, required: tuple[str, ...]) -> dict[str, str]:
    members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    texts = {name: text for name, text in members.items() if isinstance(text, str)}
    missing = [name for name in required if name not in texts]
    if missing:
        raise DecodeError(f"a platform certificate in the answer lacks {', '.join(missing)}")
    return texts
