"""Settings for the renewal of platform certificates, and the pace of downloads by many clients.

https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/apilist.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import get_args

from .._arguments import (
    FLAG,
    TEXT,
    Takes,
    a_function,
    a_number,
    check,
    check_attributes,
    instance,
    is_number,
    one_of,
)
from ..http.path import check_path
from .certificate_download import AlgorithmType
from .platform_keys import PlatformKey

LONGEST = 12 * 3600.0
"""Seconds: the platform demands shorter intervals than this."""

_MONOTONIC = a_function("Give a function that returns seconds, such as time.monotonic")
_PACE_TAKES = {
    "per_second": Takes(lambda value: is_number(value) and value > 0, "Give a positive number of downloads"),
    "monotonic": _MONOTONIC,
}


class Pace:
    """Spaces the downloads of many clients, so that 1,500 merchants don't download at the same moment.

    Args:
        per_second: how many downloads may start in a second.
        monotonic: returns seconds of a clock that never goes back.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(self, per_second: float = 10.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        check(_PACE_TAKES, "pace.", per_second=per_second, monotonic=monotonic)
        self._interval = 1 / per_second
        self._monotonic = monotonic
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next download may start."""
        now = self._monotonic()
        self._next = max(now, self._next)
        wait, self._next = self._next - now, self._next + self._interval
        if wait > 0:
            await asyncio.sleep(wait)


_SHARED_PACE = Pace()

_TAKES = {
    "every": a_number(60, LONGEST, "Give 60 s to under 12 h"),
    "cache": instance(Path, "Give the path of a file: Path('certificates.json')").or_none(),
    "path": TEXT.or_none(),
    "algorithm_type": one_of(get_args(AlgorithmType), "Give 'RSA', 'SM2' or 'ALL'").or_none(),
    "from_notifications": FLAG,
    "warn_before": a_number(0, inf, "Give a number of seconds"),
    "on_expiring": a_function("Give a function that takes the certificate").or_none(),
    "pace": instance(Pace, "Give Pace(per_second=10)"),
    "monotonic": _MONOTONIC,
    "sleep": a_function("Give a coroutine function that takes seconds, such as asyncio.sleep"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How a client keeps its platform certificates up to date: `WeChatPay(..., renewal=Renewal(cache=path))`.

    Attributes:
        every: seconds between downloads, under 12 hours; each is shortened at random by up to a quarter.
        cache: a file for the certificates, so that a restart needs no download. Processes of one merchant may share it.
            Its content is encrypted with the APIv3 key; a file that was tampered with is ignored.
        algorithm_type: which certificates to ask for: `RSA`, `SM2`, or `ALL` during the switch; None for those of the
            merchant's own kind of key.
        path: where to download from; None for `/v3/global/certificates` where `base_url` is an overseas host, and
            for `/v3/certificates` otherwise.
        from_notifications: whether a notification with an unknown serial may bring a download forward, once in ten
            minutes at most. It is refused meanwhile, and sent again.
        warn_before: seconds before the last certificate's end to call `on_expiring`, and to log a warning.
        on_expiring: called with the certificate, after each download while that holds. If it raises, that is logged.
        pace: spaces the downloads of the clients that share it; by default all clients of the process.
        monotonic: returns seconds of a clock that never goes back, which measures all intervals.
        sleep: awaited for the pause, in seconds, between two downloads.

    Raises:
        ConfigurationError: `every` is too long or too short, or another argument is wrong.
    """

    every: float = 8 * 3600.0
    cache: Path | None = None
    path: str | None = None
    algorithm_type: AlgorithmType | None = None
    from_notifications: bool = False
    warn_before: float = 30 * 86400.0
    on_expiring: Callable[[PlatformKey], None] | None = None
    pace: Pace = field(default=_SHARED_PACE)
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep, repr=False)

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "renewal.", self)
        if self.path is not None:
            check_path(self.path)
