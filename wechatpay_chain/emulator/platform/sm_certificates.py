"""Certificates of SM2 keys, which `cryptography` reads and can't make."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509

from ...crypto import der
from ...crypto.sm import sm2
from ...crypto.sm.keys import SM2PrivateKey

_VERSION_3 = der.write(0xA0, der.write_integer(2))
_SM2_WITH_SM3 = der.write(der.SEQUENCE, der.write(der.OBJECT_IDENTIFIER, bytes.fromhex("2a811ccf55018375")))
_COMMON_NAME = bytes.fromhex("550403")
# The platform's SM2 certificates seen so far are valid for 13 months.
_VALIDITY = timedelta(days=395)
_SERIAL_BITS = 158


def certify(key: SM2PrivateKey, not_before: datetime) -> x509.Certificate:
    """A certificate of a key, signed by a made-up authority.

    Args:
        key: the key to certify.
        not_before: start of its 13 months, aware.
    """
    content = der.write(
        der.SEQUENCE,
        _VERSION_3,
        der.write_integer(secrets.randbits(_SERIAL_BITS) | 1 << _SERIAL_BITS),
        _SM2_WITH_SM3,
        _name("Emulated authority"),
        der.write(der.SEQUENCE, _time(not_before), _time(not_before + _VALIDITY)),
        _name("Emulated platform"),
        key.public.to_der(),
    )
    signature = der.write(der.BIT_STRING, b"\0" + sm2.sign(sm2.generate(), content))
    return x509.load_der_x509_certificate(der.write(der.SEQUENCE, content, _SM2_WITH_SM3, signature))


def _name(common_name: str) -> bytes:
    attribute = der.write(der.OBJECT_IDENTIFIER, _COMMON_NAME) + der.write(der.UTF8_STRING, common_name.encode())
    return der.write(der.SEQUENCE, der.write(der.SET, der.write(der.SEQUENCE, attribute)))


def _time(moment: datetime) -> bytes:
    return der.write(der.UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())
