"""Serial numbers of certificates and identifiers of WeChat Pay public keys, in the forms that people use."""

from __future__ import annotations

import re

from . import shapes

PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"

# An identifier: two digits, the merchant's number, the date, and a counter.
_PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_\d\d(\d{10})20\d{6}\d+", re.ASCII)
# As `openssl x509 -serial` and `-text` write it.
_LABEL = re.compile(r"serial[ _]?(?:number|no)?\s*[:=]\s*", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-F]+")
_SERIAL_DIGITS = 40
# Leading zeros get lost: one serial of 256 begins with two of them, one of 65,536 with four.
_FEWEST_DIGITS = 36


def canonical(serial: str) -> str:
    """A serial as the platform writes it: capital hexadecimal without separators, lost leading zeros restored.

    Public key identifiers (`PUB_KEY_ID_...`) stay whole.
    """
    serial = serial.strip()
    if serial.startswith(PUBLIC_KEY_PREFIX):
        return serial
    digits = serial.replace(":", "").replace(" ", "").upper()
    if not _HEX.fullmatch(digits):
        return serial
    return digits.zfill(_SERIAL_DIGITS) if len(digits) >= _FEWEST_DIGITS else digits


def is_certificate_serial(serial: str) -> bool:
    """Whether it can be the serial of a platform certificate, which could be downloaded."""
    digits = canonical(serial)
    return len(digits) == _SERIAL_DIGITS and bool(_HEX.fullmatch(digits))


def hexadecimal(serial: str) -> str | None:
    """The hexadecimal digits of a serial in another form; None for a text that is no serial.

    Forms: decimal digits, with 0x or `serial=` before it, with hyphens, over two lines, in quotes, or with an invisible
    character in it.
    """
    text = "".join(_LABEL.sub("", shapes.plain(serial)).replace("-", "").split())
    if is_certificate_serial(text):
        return canonical(text)
    try:
        number = int(text, 16 if text[:2] in {"0x", "0X"} else 10)
    except ValueError:
        return None
    found = from_number(number)
    return found if len(f"{number:X}") in range(_FEWEST_DIGITS, _SERIAL_DIGITS + 1) else None


def from_number(number: int) -> str:
    """The serial of a certificate's serial number, 40 capital hexadecimal digits."""
    return f"{number:0{_SERIAL_DIGITS}X}"


def key(serial: str) -> str:
    """A serial in a form that is the same for all spellings: for comparing and looking up, not for sending."""
    serial = canonical(serial)
    return serial if serial.startswith(PUBLIC_KEY_PREFIX) else serial.lstrip("0")


def merchant_of(serial: str) -> str | None:
    """The merchant number in the name of a WeChat Pay public key; None for another name, or one without it."""
    found = _PUBLIC_KEY_ID.fullmatch(serial)
    return found[1] if found else None
