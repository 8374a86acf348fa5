"""Downloads platform certificates: regularly, and when an answer or a notification names an unknown one."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from .._threads import in_thread
from ..crypto import serials
from ..crypto.concealed import Concealed
from ..errors import ConfigurationError, TimedOut, WeChatPayError
from ..observing import Hook
from ..pipeline import Handler
from ..policies.backoff import Backoff
from .certificate_cache import CertificateCache
from .certificate_download import MAINLAND, CertificateDownload
from .kept_certificates import KeptCertificates
from .renewal import Renewal
from .trust_store import TrustStore

_log = logging.getLogger(__name__)
_JITTER = 0.25
_AFTER_A_FAILURE = Backoff(60.0, 3600.0, _JITTER)
# An answer that names an unknown key is rare and comes over TLS; a notification may come from anyone.
_BETWEEN_FETCHES = 60.0
_BETWEEN_REPORTS = 600.0
_MOST_REMEMBERED = 100
_NOT_SENT = "This happened while platform certificates were downloaded for the first time; the call was not sent."


class Renewer:
    """Renews the certificates of a trust store. A download that fails changes nothing in it.

    Args:
        store: the trust store to renew.
        renewal: the settings.
        send: signs and sends a request, and returns its answer unverified.
        apiv3_key: opens the certificates.
        time: returns Unix time in seconds, for the validity of certificates.
        notify: called when the trusted keys have changed.
        path: where to download from, unless `renewal` names a path.
    """

    def __init__(
        self,
        store: TrustStore,
        renewal: Renewal,
        send: Handler,
        apiv3_key: Concealed[bytes],
        time: Callable[[], float] = time.time,
        notify: Hook | None = None,
        path: str = MAINLAND,
    ) -> None:
        self._store = store
        self._renewal = renewal
        self._time = time
        self._monotonic = renewal.monotonic
        algorithm_type = renewal.algorithm_type or store.keys.algorithm
        self._download = CertificateDownload(send, renewal.path or path, apiv3_key, time, algorithm_type)
        self._cache = CertificateCache(renewal.cache, apiv3_key)
        self._kept = KeptCertificates(
            store, warn_before=renewal.warn_before, on_expiring=renewal.on_expiring, notify=notify
        )
        self._flight: asyncio.Task[None] | None = None
        self._background: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unknown: dict[str, float] = {}
        self._last_fetch = self._last_report = -inf
        if cached := self._cache.read():
            self._kept.add(cached, time())
        store.renewed_by(fetch=self.fetch, report=self.report)

    async def ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the download goes on without
        """Start renewing in the background. If there is no key at all, wait for the first certificates.

        Args:
            timeout: seconds to wait at most; None for as long as a download takes.

        Raises:
            TimedOut: they didn't come in time. The download goes on, for later calls.
            WeChatPayError: the download failed, and there is no key at all.
        """
        if self._background is None and not self._is_stopped:
            self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
            self._background = asyncio.create_task(self._keep_renewing())
        if self._store.keys.preferred is None:
            try:
                await self.renew(timeout)
            except WeChatPayError as error:
                error.outcome = "not_sent"
                if _NOT_SENT not in getattr(error, "__notes__", ()):
                    error.add_note(_NOT_SENT)
                raise

    async def renew(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the download goes on without
        """Download the certificates now, or wait for the download that is under way.

        Args:
            timeout: seconds to wait at most; None for as long as a download takes.

        Raises:
            ConfigurationError: the merchant has no platform certificates, or the APIv3 key doesn't open them.
            TimedOut: the download takes longer. It goes on.
            WeChatPayError: the download failed; the keys in use stay.
        """
        if self._flight is None:
            self._loop = asyncio.get_running_loop()
            self._flight = asyncio.create_task(self._renew())
            self._flight.add_done_callback(self._landed)
        flight = self._flight
        await asyncio.wait({flight}, timeout=timeout)
        if not flight.done():
            raise TimedOut(f"the platform certificates were not downloaded within {timeout:g} s")
        if flight.cancelled():
            raise ConfigurationError(
                "WeChatPay", "the client was closed while it downloaded certificates", "Close it after its calls"
            )
        flight.result()

    async def fetch(self, serial: str, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same
        """Download because an answer names an unknown key: once for all waiting calls, and at most once a minute.

        Args:
            serial: of that key.
            timeout: seconds to wait at most, such as what is left of the call's time.
        """
        now = self._monotonic()
        if not self._may_fetch(serial, now):
            return
        try:
            await self.renew(timeout)
        except TimedOut as error:
            # Either the download timed out, or this wait for it; then the download goes on and may bring the key.
            _log.warning("the platform certificate %s did not come in time: %s", serial[:64], error)
            if self._flight is not None:
                return
        except WeChatPayError as error:
            _log.warning("the platform certificate %s could not be downloaded: %s", serial[:64], error)
        if self._store.keys.find(serial) is None:
            self._unknown = dict(list(self._unknown.items())[-_MOST_REMEMBERED:])
            self._unknown[serials.key(serial)] = now

    def report(self, serial: str) -> None:
        """Note that a notification names an unknown key. Does no I/O; may be called from any thread."""
        loop, wake = self._loop, self._wake
        if not self._renewal.from_notifications or loop is None or wake is None:
            return
        now = self._monotonic()
        if serials.is_certificate_serial(serial) and now - self._last_report >= _BETWEEN_REPORTS:
            self._last_report = now
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(wake.set)

    def stop(self) -> None:
        """Stop renewing in the background, for good; a download under way ends by itself."""
        self._is_stopped = True
        self._cancel(self._background)

    async def aclose(self) -> None:
        """Stop renewing, and end a download that is under way."""
        tasks = [task for task in (self._background, self._flight) if task is not None]
        for task in tasks:
            self._cancel(task)
        if self._loop is asyncio.get_running_loop():  # those of another loop can't be waited for
            await asyncio.gather(*tasks, return_exceptions=True)

    def _cancel(self, task: asyncio.Task[None] | None) -> None:
        """Cancel a task, from whatever thread or loop."""
        if task is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(task.cancel)

    def _may_fetch(self, serial: str, now: float) -> bool:
        if self._flight is not None:
            return True
        if not serials.is_certificate_serial(serial) or now - self._last_fetch < _BETWEEN_FETCHES:
            return False
        return now - self._unknown.get(serials.key(serial), -inf) >= _BETWEEN_REPORTS

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flight = None
        if not task.cancelled():
            task.exception()  # waiters have raised it; without one, asyncio would log that it was never retrieved

    async def _keep_renewing(self) -> None:
        failures = 0
        while True:
            try:
                await self.renew()
                failures = 0
            except ConfigurationError as error:
                failures = 0
                _log.warning("%s", error)
            except Exception as error:  # noqa: BLE001 - whatever a transport raises, renewal goes on
                failures += 1
                unexpected = not isinstance(error, WeChatPayError)
                _log.warning("platform certificates could not be renewed: %s", error, exc_info=unexpected)
            await self._pause(self._until_next(failures))

    def _until_next(self, failures: int) -> float:
        every = self._renewal.every
        backoff = _AFTER_A_FAILURE if failures else Backoff(every, every, _JITTER)
        return min(every, backoff.pause(max(failures, 1), random.random()))  # noqa: S311 - it spreads the load

    async def _pause(self, seconds: float) -> None:
        """Wait for some seconds, or until a notification asks for a download."""
        wake = self._wake or asyncio.Event()
        waiting = {asyncio.ensure_future(self._renewal.sleep(seconds)), asyncio.ensure_future(wake.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        wake.clear()

    async def _renew(self) -> None:
        await self._renewal.pace.turn()
        self._last_fetch = self._monotonic()
        brought = await self._download(self._store.keys)
        self._kept.add(brought, self._time())
        await in_thread(self._cache.write, self._kept.sealed)
