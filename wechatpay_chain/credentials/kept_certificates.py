"""Downloaded certificates in a trust store: added, dropped when they expire, and reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ..observing import CertificatesChanged, Hook
from ..wire.v3.certificates import SealedCertificate
from .certificate_download import Opened
from .platform_keys import PlatformKey, PlatformKeys, moment
from .trust_store import TrustStore

_log = logging.getLogger(__name__)


class KeptCertificates:
    """Puts downloaded certificates into a trust store.

    The keys that the store began with stay. A certificate stays until it expires, even if it is no longer listed.

    Args:
        store: where the keys go.
        warn_before: seconds before the last certificate's end to warn.
        on_expiring: called with that certificate. If it raises, that is logged.
        notify: called when the trusted keys have changed.
    """

    def __init__(
        self,
        store: TrustStore,
        *,
        warn_before: float,
        on_expiring: Callable[[PlatformKey], None] | None,
        notify: Hook | None,
    ) -> None:
        self._store = store
        self._given = tuple(store.keys)
        self._kept: dict[str, Opened] = {}
        self._warn_before = timedelta(seconds=warn_before)
        self._on_expiring = on_expiring
        self._notify = notify

    @property
    def sealed(self) -> list[SealedCertificate]:
        """The certificates as they came."""
        return [sealed for sealed, _ in self._kept.values()]

    def add(self, opened: Iterable[Opened], now: float) -> None:
        """Add certificates, and drop expired ones.

        Args:
            opened: certificates with their keys.
            now: Unix time in seconds.
        """
        today = moment(now)
        known = {**self._kept, **{key.serial: (sealed, key) for sealed, key in opened}}
        self._kept = {serial: entry for serial, entry in known.items() if not _has_expired(entry[1], today)}
        keys = (*self._given, *(key for _, key in self._kept.values()))
        before, self._store.keys = (
            self._store.keys,
            PlatformKeys(keys, prefer=self._store.prefer, now=today, algorithm=self._store.keys.algorithm),
        )
        self._tell(before, self._store.keys)
        self._warn(keys, today)

    def _tell(self, before: PlatformKeys, after: PlatformKeys) -> None:
        if self._notify is not None and _changed(after) != _changed(before):
            self._notify(_changed(after))

    def _warn(self, keys: tuple[PlatformKey, ...], now: datetime) -> None:
        # During the switch to SM, each algorithm's certificates expire on their own.
        ours = [key for key in keys if key.algorithm == self._store.keys.algorithm]
        ends = [(key.not_after, key) for key in ours if key.not_after is not None]
        if not ends or len(ends) < len(ours):
            return  # a public key has no end
        last, key = max(ends, key=lambda end: end[0])
        if last - now >= self._warn_before:
            return
        _log.warning("the last platform certificate, %s, expires at %s", key.serial, last)
        if self._on_expiring is not None:
            try:
                self._on_expiring(key)
            except Exception:  # noqa: BLE001 - the user's hook may raise anything, and the certificate is good
                _log.exception("on_expiring failed")


def _has_expired(key: PlatformKey, now: datetime) -> bool:
    return key.not_after is not None and key.not_after < now


def _changed(keys: PlatformKeys) -> CertificatesChanged:
    preferred = keys.preferred.serial if keys.preferred is not None else None
    return CertificatesChanged(serials=tuple(key.serial for key in keys), preferred=preferred)
