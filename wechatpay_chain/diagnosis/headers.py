"""Causes of a wrong signature that lie in its headers: they didn't come as the platform sent them.

Possible changes of their values are undone, and the signature is tried again. If it fits, the cause is proven.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote

from ..crypto import serials, shapes
from ..errors import Cause
from ..http.names import letters

_REMEDY = "Give the headers as they came in, and let every gateway hand them on unchanged"
_LONGEST = 2000
# Lengths of a truncated RSA signature; whole ones are longer, those of SM2 shorter.
_CUT_RSA = range(100, 342)


class Values(NamedTuple):
    """The values of the four headers that every signed message has."""

    timestamp: str
    nonce: str
    serial: str
    signature: str


_HEADERS = Values("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature")


def renamed(headers: Iterable[str], missing: Iterable[str]) -> Cause | None:
    """The cause where signature headers came under other names; None where none did.

    Args:
        headers: the names of all headers that came.
        missing: those that should have come.
    """
    names = [*headers]
    for expected in missing:
        for name in names:
            if name.lower() != expected.lower() and letters(name).endswith(letters(expected)):
                text = f"{name[:60]!r} came in place of {expected!r}: something in between renames headers"
                remedy = "Have it hand them on under their own names, or give the headers back their names"
                return Cause("headers-renamed", text, remedy, "likely")
    return None


def altered(values: Values, fits: Callable[[Values], bool]) -> tuple[Cause, ...]:
    """The causes where values aren't as the platform writes them.

    Args:
        values: as they came.
        fits: whether the signature fits with other values.
    """
    if max(map(len, values)) > _LONGEST:
        return ()
    swapped = values._replace(timestamp=values.nonce, nonce=values.timestamp)
    if _is_time(values.nonce) and not _is_time(values.timestamp) and fits(swapped):
        text = "Wechatpay-Timestamp and Wechatpay-Nonce were exchanged (undone, the signature fits)"
        return (Cause("header-altered", text, _REMEDY, "proven"),)
    happened: list[str] = []
    mended: list[str] = []
    for name, value, readings in zip(_HEADERS, values, _READINGS, strict=True):
        plain = value
        for text, undo in (*_ANY, *readings):
            undone = undo(plain)
            if undone is not None and undone != plain:
                happened.append(f"{name} {text}")
                plain = undone
        mended.append(plain)
    if not happened:
        return tuple(_lost(values.signature))
    text = " and ".join(happened)
    if fits(Values(*mended)):
        return (Cause("header-altered", f"{text} (undone, the signature fits)", _REMEDY, "proven"),)
    return (*_lost(values.signature), Cause("header-altered", text, _REMEDY, "likely"))


def _lost(signature: str) -> Iterator[Cause]:
    """Changes of the signature that can't be undone."""
    if len(signature) in _CUT_RSA:
        text = f"Wechatpay-Signature was cut off: it has {len(signature)} characters, and one of RSA has 344 or more"
        yield Cause("header-altered", text, _REMEDY, "likely")
    elif len(signature) >= _CUT_RSA.stop and signature in {signature.lower(), signature.upper()}:
        text = "Wechatpay-Signature was written in letters of one case, and Base64 tells them apart"
        yield Cause("header-altered", text, _REMEDY, "likely")


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == len("1700000000")


def _once(value: str) -> str | None:
    first, *others = map(str.strip, value.split(","))
    return first if first and {*others} == {first} else None


def _unquoted(value: str) -> str | None:
    return value.strip()[1:-1] if shapes.quotes_around(value) else None


def _seconds(value: str) -> str | None:
    found = re.fullmatch(r"(\d{10})(?:\d{3}|\d{6}|\.\d+)", value, re.ASCII)
    return found and found[1]


def _date(value: str) -> str | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value)
        except (ValueError, OverflowError):
            continue
        if moment.tzinfo is not None:
            return str(int(moment.timestamp()))
    return None


def _public_key_id(value: str) -> str | None:
    found = re.fullmatch(r"pub[-_ ]?key[-_ ]?id[-_ ]?(\d+)", value, re.ASCII | re.IGNORECASE)
    return found and serials.PUBLIC_KEY_PREFIX + found[1]


def _named(value: str) -> str | None:
    found = re.search(r'signature="?([^",\s]+)', value)
    return found and found[1]


def _in_base64(value: str) -> str | None:
    return base64.b64encode(bytes.fromhex(value)).decode() if re.fullmatch(r"(?:[0-9a-fA-F]{2}){64,}", value) else None


def _padded(value: str) -> str:
    return value + "=" * (-len(value) % 4) if len(value) % 4 in {2, 3} else value


_Reading = tuple[str, Callable[[str], str | None]]

_ANY: tuple[_Reading, ...] = (
    ("is there more than once, joined by commas", _once),
    ("has blanks around it", str.strip),
    ("stands in quotes", _unquoted),
    ("is percent-encoded", unquote),
)
_READINGS: tuple[tuple[_Reading, ...], ...] = (
    (("isn't in whole seconds, as it was sent", _seconds), ("is a date, and was sent in Unix seconds", _date)),
    (),
    (("has other letters or signs than PUB_KEY_ID_, as it was sent", _public_key_id),),
    (
        ("has other text around it", _named),
        ("has blanks in place of plus signs", lambda value: value.replace(" ", "+")),
        ("is in the Base64 for URLs", lambda value: value.replace("-", "+").replace("_", "/")),
        ("is in hexadecimal digits", _in_base64),
        ("has lost the = at its end", _padded),
    ),
)
