"""Compares this machine's clock with that of a server."""

from __future__ import annotations

import http.client
import time
from urllib.parse import SplitResult

from ...http.dates import unix_time
from ..checks import Check

_AWAY = 60
_TOO_FAR = 300


def check(url: SplitResult, timeout: float) -> Check:
    """This machine's clock against the `Date` of an answer to a request that is neither signed nor known."""
    make = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    name = f"clock against {url.hostname}"
    connection = make(url.hostname or "", url.port, timeout=timeout)
    try:
        connection.request("GET", "/", headers={"User-Agent": "wechatpay-chain", "Accept": "*/*"})
        theirs = unix_time(connection.getresponse().headers.get("Date", ""))
    except (OSError, http.client.HTTPException, ValueError):
        theirs = None
    finally:
        connection.close()
    if theirs is None:
        return Check(name=name, result="skipped", found="no answer with a Date")
    return skew(name, time.time() - theirs)


def skew(name: str, seconds: float) -> Check:
    """The check for a clock that is ahead by some seconds."""
    if abs(seconds) < _AWAY:
        return Check(name=name, result="ok", found=f"{seconds:+.0f} s")
    direction = "ahead of" if seconds > 0 else "behind"
    found = f"this machine's clock is {abs(seconds):.0f} s {direction} the platform's"
    remedy = f"Synchronise it (NTP): from {_TOO_FAR} s on every signature is refused, both ways"
    return Check(name=name, result="wrong" if abs(seconds) > _TOO_FAR else "warning", found=found, causes=(remedy,))
