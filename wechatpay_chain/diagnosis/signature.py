"""Causes of a wrong signature that lie in keys, their names, or clocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from ..crypto import serials
from ..errors import Cause
from ..http.names import distance

_K = TypeVar("_K")

# Keys that are tried: one client may have those of many merchants.
_MOST_KEYS = 16
# Seconds: an answer whose Date and signed timestamp are farther apart was delayed on its way.
_SAME_TIME = 60
_MOST_SLIPS = 2
_PUBLIC_KEY_ID = re.compile(serials.PUBLIC_KEY_PREFIX + r"\d+", re.ASCII)
_SHORTEST_PART = 12


def other_key(serial: str, keys: Mapping[str, _K], fits: Callable[[_K], bool]) -> Cause | None:
    """The cause if a key of another name made the signature; None if none did.

    Args:
        serial: what `Wechatpay-Serial` says.
        keys: the keys that we have, by their names in certs.
        fits: whether the signature fits under a key.
    """
    for name, key in list(keys.items())[:_MOST_KEYS]:
        if serials.key(name) != serials.key(serial) and fits(key):
            if _is_cut(serial, name):
                text = f"the signature fits the key {name!r}, so Wechatpay-Serial was changed on its way here"
                remedy = "Give the headers as they came in, and let every gateway hand them on unchanged"
                return Cause("header-altered", text, remedy, "proven")
            text = f"the signature fits the key that certs names {name!r}, so that name is wrong"
            return Cause("key-misnamed", text, f"Name it {serial!r}", "proven")
    return None


def same_name(serial: str) -> Cause:
    """The remaining cause if the body seems unchanged and the key of this name doesn't fit."""
    text = (
        f"certs[{serial!r}] holds another key than the platform's of this name, such as another merchant's or an "
        "older download, or the message is forged"
    )
    return Cause("key-other", text, "Download the key that the merchant portal shows under this name", "possible")


def unknown_name(serial: str, names: tuple[str, ...], mchid: str | None = None) -> tuple[Cause, ...]:
    """The causes where no key of this name is known.

    Args:
        serial: what `Wechatpay-Serial` says.
        names: of the keys that we have.
        mchid: our merchant number; by default taken from the names of our keys.
    """
    found: list[Cause] = []
    slip = next((name for name in names if _resembles(name, serial)), None)
    if slip is not None:
        text = f"certs has {slip!r}, which differs from it by a slip of the pen"
        found.append(Cause("key-name-mangled", text, f"If that is its key, name it {serial!r}", "likely"))
    owner = serials.merchant_of(serial)
    ours = {mchid, *map(serials.merchant_of, names)} - {None}
    if owner and ours and owner not in ours:
        text = f"its name says that it is the key of merchant {owner}, and this is {mchid or ours.pop()}"
        remedy = "Use each merchant's own key, and send each merchant's notifications to its own client"
        found.append(Cause("key-of-another-merchant", text, remedy, "likely"))
    kinds = {name.startswith(serials.PUBLIC_KEY_PREFIX) for name in names}
    if not found and serials.is_certificate_serial(serial) and kinds == {True}:
        text = "the platform still signs with a certificate for this merchant, and certs holds public keys only"
        remedy = (
            "Add the platform certificate to certs (GET /v3/certificates, or renewal=) until the switch is complete"
        )
        found.append(Cause("key-certificate-missing", text, remedy, "likely"))
    if not found and serial.startswith(serials.PUBLIC_KEY_PREFIX) and kinds == {False}:
        text = "the merchant was switched to the WeChat Pay public key, and certs holds certificates only"
        remedy = "Add it: identifier and pub_key.pem are in the merchant portal under API security"
        found.append(Cause("key-public-key-missing", text, remedy, "likely"))
    if not found:
        text = "it is the key of another merchant or a newer one of this merchant, or the message is forged"
        remedy = "If the merchant portal shows this serial or public key identifier, add it to certs"
        found.append(Cause("key-unknown", text, remedy, "possible"))
    return tuple(found)


def for_another(owner: Literal["brand", "merchant"]) -> Cause:
    """The cause if a message for a brand comes to a merchant without one, or the other way round.

    Args:
        owner: for whom it is.
    """
    given = "brand=Brand(...) with its api_key" if owner == "brand" else "the merchant's apiv3_key and certs"
    remedy = f"Give {given}, or have the {owner}'s notifications sent to an address of their own"
    return Cause("message-for-another", f"it is for a {owner}, whose keys are not here", remedy, "likely")


def clock(ahead: float, date_ahead: float | None = None) -> Cause:
    """The cause if a timestamp is too far from this machine's clock.

    Args:
        ahead: seconds that the timestamp is ahead of this machine's clock; negative where it is behind.
        date_ahead: the same of the answer's `Date` header; None where there is none.
    """
    away = f"{abs(ahead):.0f} s"
    if date_ahead is not None and abs(date_ahead - ahead) <= _SAME_TIME:
        text = f"this machine's clock is {away} {'behind' if ahead > 0 else 'ahead of'} the platform's"
        return Cause("clock-skewed", text, "Synchronise it (NTP)", "proven")
    old = "it is an old message sent again, or kept by something on its way"
    if date_ahead is not None:
        return Cause("message-old", old, "Look for a cache or a queue in between", "likely")
    if ahead < 0:
        return Cause("message-old", old, "Or this machine's clock is wrong: synchronise it (NTP)", "possible")
    text = f"this machine's clock is about {away} behind"
    return Cause("clock-skewed", text, "Synchronise it (NTP)", "likely")


def _is_cut(serial: str, name: str) -> bool:
    """Whether the serial that came is no name of a key, or a truncated one, and our name is whole."""
    return _is_name(name) and (not _is_name(serial) or (len(serial) + _MOST_SLIPS < len(name) and serial in name))


def _is_name(text: str) -> bool:
    return serials.is_certificate_serial(text) or bool(_PUBLIC_KEY_ID.fullmatch(text))


def _resembles(name: str, serial: str) -> bool:
    ours, theirs = (serials.key(text).upper().removeprefix(serials.PUBLIC_KEY_PREFIX) for text in (name, serial))
    short, long = sorted((ours, theirs), key=len)
    part = len(short) >= _SHORTEST_PART and (long.startswith(short) or long.endswith(short))
    return part or distance(ours, theirs, _MOST_SLIPS) <= _MOST_SLIPS
