"""The trusted platform keys of the moment, in one place for all who use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .platform_keys import PlatformKeys, Preference

Fetch = Callable[[str, float], Awaitable[None]]
"""Gets the key of an unknown serial if possible, within so many seconds."""

Report = Callable[[str], None]
"""Is told that a notification, perhaps a forged one, names an unknown serial. Does no I/O."""


async def _fetch_nothing(serial: str, timeout: float) -> None:  # noqa: ASYNC109 - there is nothing to wait for
    """The `fetch` of a store that isn't renewed."""


def _report_to_nobody(serial: str) -> None:
    """The `report` of a store that isn't renewed."""


class TrustStore:
    """The trusted platform keys, shared by the verification of answers and notifications and by Seal.

    Each use takes one snapshot, so that a key and its serial belong together while the store is renewed.

    Args:
        platform_keys: the first snapshot.
        prefer: which kind answers are to be signed with and secrets encrypted with, in later snapshots too.

    Attributes:
        keys: the current snapshot; a renewal replaces it.
        prefer: as given.
        is_renewed: whether more keys may be downloaded.
        fetch: awaited with an unknown serial that an answer names, and the seconds that it may take.
        report: called with an unknown serial that a notification names. It does no I/O.
    """

    __slots__ = ("fetch", "is_renewed", "keys", "prefer", "report")

    def __init__(self, platform_keys: PlatformKeys, *, prefer: Preference = "public_key") -> None:
        self.keys = platform_keys
        self.prefer: Preference = prefer
        self.is_renewed = False
        self.fetch: Fetch = _fetch_nothing
        self.report: Report = _report_to_nobody

    def renewed_by(self, *, fetch: Fetch, report: Report) -> None:
        """Set the functions for unknown serials."""
        self.is_renewed, self.fetch, self.report = True, fetch, report
