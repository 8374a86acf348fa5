"""The platform keys that are believed at the moment, in one place for all that ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .platform_keys import PlatformKeys, Preference

Fetch = Callable[[str, float], Awaitable[None]]
"""Gets the key of an unknown serial, within so many seconds, if that may be."""

Report = Callable[[str], None]
"""Hears that a notification, perhaps a forged one, names an unknown serial. Does no I/O."""


async def _fetch_nothing(serial: str, timeout: float) -> None:  # noqa: ASYNC109 - there is nothing to wait for
    """For a store that nobody renews."""


def _report_to_nobody(serial: str) -> None:
    """The same."""


class TrustStore:
    """The platform keys that are believed at the moment: answers, notifications and Seal all ask the same store.

    Each use takes one snapshot, so a key and its serial can't drift apart while the store is renewed.

    Args:
        platform_keys: the first snapshot.
        prefer: which kind to ask answers from and to encrypt with, in later snapshots too.

    Attributes:
        keys: the snapshot of the moment. Whoever renews the store puts another one here.
        prefer: as given.
        is_renewed: whether keys may come that aren't here yet.
        fetch: awaited with the serial that an answer names and no key has, and with the seconds that may take.
        report: called with the serial that a notification names and no key has. It does no I/O.
    """

    __slots__ = ("fetch", "is_renewed", "keys", "prefer", "report")

    def __init__(self, platform_keys: PlatformKeys, *, prefer: Preference = "public_key") -> None:
        self.keys = platform_keys
        self.prefer: Preference = prefer
        self.is_renewed = False
        self.fetch: Fetch = _fetch_nothing
        self.report: Report = _report_to_nobody

    def renewed_by(self, *, fetch: Fetch, report: Report) -> None:
        """Have missing keys fetched, and heard of."""
        self.is_renewed, self.fetch, self.report = True, fetch, report
