"""Platform certificates that renew themselves: downloaded, checked, kept in a file, and fetched when they are missed.

https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/apilist.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..crypto import serials
from ..errors import APIError, ConfigurationError, DecodeError, TrustError, WeChatPayError
from ..http.request import Request
from ..observing import CertificatesChanged, Hook
from ..pipeline import Handler
from ..wire import v3
from ..wire.refusal import api_error
from ..wire.v3 import certificates
from ..wire.v3.certificates import SealedCertificate
from .platform_keys import PlatformKey, PlatformKeys, TrustStore, load_platform_keys, verifying_key

LONGEST = 12 * 3600.0
"""Seconds: the platform asks for shorter intervals than this."""

_log = logging.getLogger(__name__)
_JITTER = 0.25
_FIRST_RETRY = 60.0
_LONGEST_RETRY = 3600.0
# An answer that names an unknown key is rare and trustworthy enough (TLS); a notification may come from anyone.
_BETWEEN_FETCHES = 60.0
_BETWEEN_ASKED = 600.0
_MOST_REMEMBERED = 100
_NO_CERTIFICATES = frozenset({"RESOURCE_NOT_EXISTS", "NOT_FOUND"})
_NOT_SENT = "This happened while platform certificates were downloaded for the first time; the call was not sent."
_SWITCH = (
    "Merchants without platform certificates use the WeChat Pay public key: download it in the merchant portal under "
    "API security and give certs={'PUB_KEY_ID_...': Path('wechatpay_public_key.pem')}, without renewal"
)


class Pace:
    """Spaces the downloads of many clients, so that 1,500 merchants don't ask in one moment.

    Args:
        per_second: how many downloads may start in a second.
        clock: a clock that never goes back, in seconds.
    """

    def __init__(self, per_second: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = self._clock()
        self._next = max(now, self._next)
        wait, self._next = self._next - now, self._next + self._interval
        if wait > 0:
            await asyncio.sleep(wait)


_SHARED_PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How a client keeps its platform certificates up to date: `WeChatPay(..., renewal=Renewal(cache=path))`.

    Attributes:
        every: seconds between downloads, under 12 hours; up to a quarter is taken off by chance.
        cache: a file to keep them in, so that a restart doesn't need the platform. Each process its own, or one for
            all processes of one merchant. Its content is sealed with the APIv3 key; what was tampered with isn't read.
        path: where to download from; `/v3/global/certificates` overseas.
        from_notifications: whether a notification with an unknown serial may bring a download forward, once in ten
            minutes at most. It is refused meanwhile, and sent again.
        warn_before: seconds before the last certificate's end to call `on_expiring`, and to log a warning.
        on_expiring: called with the certificate, after each download while that holds. If it raises, that is logged.
        pace: spaces the downloads of all clients that share it; by default all of the process.

    Raises:
        ConfigurationError: `every` is too long or too short.
    """

    every: float = 8 * 3600.0
    cache: Path | None = None
    path: str = "/v3/certificates"
    from_notifications: bool = False
    warn_before: float = 30 * 86400.0
    on_expiring: Callable[[PlatformKey], None] | None = None
    pace: Pace = field(default=_SHARED_PACE)

    def __post_init__(self) -> None:
        if not 60 <= self.every < LONGEST:
            raise ConfigurationError("renewal.every", f"{self.every!r} was found", "Give 60 s to under 12 h")


class Renewer:
    """Renews a trust store.

    What was given at construction stays; a downloaded certificate stays until it expires; nothing is taken out of the
    store before something else is in it.

    Args:
        store: what to renew.
        renewal: how.
        download: signs and sends a request, and hands its answer on unverified.
        apiv3_key: opens the certificates.
        clock: gives Unix time in seconds.
        notify: is told when other keys are believed than before.
    """

    def __init__(
        self,
        store: TrustStore,
        renewal: Renewal,
        download: Handler,
        apiv3_key: bytes,
        clock: Callable[[], float] = time.time,
        notify: Hook | None = None,
    ) -> None:
        self._store = store
        self._renewal = renewal
        self._download = download
        self._apiv3_key = apiv3_key
        self._clock = clock
        self._notify = notify
        self._given = tuple(store.keys)
        self._sealed: dict[str, tuple[SealedCertificate, PlatformKey]] = {}
        self._flight: asyncio.Task[None] | None = None
        self._background: asyncio.Task[None] | None = None
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unknown: dict[str, float] = {}
        self._last_fetch = self._last_asked = float("-inf")
        self._read_cache()
        store.renewer = self

    async def ready(self) -> None:
        """Start renewing in the background; wait for the first certificates if there is no key at all.

        Raises:
            WeChatPayError: there are none to be had.
        """
        if self._background is None:
            self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
            self._background = asyncio.create_task(self._keep_renewing())
        if self._store.keys.preferred is None:
            try:
                await self.renew()
            except WeChatPayError as error:
                error.outcome = "not_sent"
                if _NOT_SENT not in getattr(error, "__notes__", ()):
                    error.add_note(_NOT_SENT)
                raise

    async def renew(self) -> None:
        """Download the certificates now. Who asks while a download is under way waits for that one.

        Raises:
            ConfigurationError: the merchant has no platform certificates, or the APIv3 key doesn't open them.
            WeChatPayError: the download failed; the keys in use stay.
        """
        if self._flight is None:
            self._flight = asyncio.create_task(self._renew())
            self._flight.add_done_callback(self._landed)
        flight = self._flight
        try:
            await asyncio.shield(flight)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if flight.cancelled() and not (task and task.cancelling()):
                raise ConfigurationError(
                    "WeChatPay", "the client was closed while it downloaded certificates", "Close it after its calls"
                ) from None
            raise

    async def fetch(self, serial: str) -> None:
        """Download because an answer names an unknown key: once for all that wait, and not again for the same soon."""
        now = self._clock()
        if not self._may_fetch(serial, now):
            return
        try:
            await self.renew()
        except WeChatPayError as error:
            _log.warning("the platform certificate %s could not be downloaded: %s", serial[:64], error)
        if self._store.keys.find(serial) is None:
            self._unknown = dict(list(self._unknown.items())[-_MOST_REMEMBERED:])
            self._unknown[serials.key(serial)] = now

    def ask(self, serial: str) -> None:
        """Note that a notification names an unknown key. It does no I/O and may be called from any thread."""
        loop, wake = self._loop, self._wake
        if not self._renewal.from_notifications or loop is None or wake is None or loop.is_closed():
            return
        now = self._clock()
        if serials.is_certificate_serial(serial) and now - self._last_asked >= _BETWEEN_ASKED:
            self._last_asked = now
            loop.call_soon_threadsafe(wake.set)

    def stop(self) -> None:
        """Renew no more in the background; a download under way ends by itself."""
        if self._background is not None:
            self._background.cancel()

    async def aclose(self) -> None:
        """Stop renewing, and end a download that is under way."""
        tasks = [task for task in (self._background, self._flight) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _may_fetch(self, serial: str, now: float) -> bool:
        if self._flight is not None:
            return True
        if not serials.is_certificate_serial(serial) or now - self._last_fetch < _BETWEEN_FETCHES:
            return False
        return now - self._unknown.get(serials.key(serial), float("-inf")) >= _BETWEEN_ASKED

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flight = None
        if not task.cancelled():
            task.exception()  # those who waited have it; a flight that nobody waits for any more isn't reported

    async def _keep_renewing(self) -> None:
        retry = _FIRST_RETRY
        while True:
            try:
                await self.renew()
                pause, retry = self._renewal.every, _FIRST_RETRY
            except ConfigurationError as error:
                pause = self._renewal.every
                _log.warning("%s", error)
            except Exception as error:  # noqa: BLE001 - whatever a transport raises, renewal goes on
                pause, retry = min(retry, self._renewal.every), min(2 * retry, _LONGEST_RETRY)
                _log.warning(
                    "platform certificates could not be renewed, next try in %.0f s: %s",
                    pause,
                    error,
                    exc_info=not isinstance(error, WeChatPayError),
                )
            await self._pause(pause * (1 - _JITTER * random.random()))  # noqa: S311 - spreads the load, hides nothing

    async def _pause(self, seconds: float) -> None:
        wake = self._wake or asyncio.Event()
        try:
            await asyncio.wait_for(wake.wait(), seconds)
        except TimeoutError:
            return
        wake.clear()

    async def _renew(self) -> None:
        await self._renewal.pace.turn()
        self._last_fetch = self._clock()
        response = await self._download(Request(method="GET", template=self._renewal.path))
        if response.status != 200:
            raise _refused(api_error(response))
        now = self._clock()
        brought = {key.serial: (sealed, key) for sealed, key in self._open(certificates.parse(response.content))}
        known = PlatformKeys((*self._store.keys, *(key for _, key in brought.values())))

        def find(serial: str) -> RSAPublicKey | None:
            return verifying_key(known, serial, now)

        # Only the holder of the APIv3 key can have sealed what the answer brought, so that may verify it:
        # https://pay.weixin.qq.com/doc/v3/partner/4013059030
        v3.verify(response.headers, response.content, find, now)
        self._sealed = {**self._sealed, **brought}
        self._put(now)
        await asyncio.to_thread(self._write_cache)

    def _open(self, told: list[SealedCertificate]) -> list[tuple[SealedCertificate, PlatformKey]]:
        opened: list[tuple[SealedCertificate, PlatformKey]] = []
        for sealed in told:
            pem = sealed.open(self._apiv3_key)
            try:
                opened += [(sealed, key) for key in load_platform_keys({sealed.serial: pem})]
            except ConfigurationError as error:
                raise DecodeError(f"the platform certificate {sealed.serial[:64]!r} can't be read: {error}") from None
        return opened

    def _put(self, now: float) -> None:
        moment = datetime.fromtimestamp(now, UTC)
        self._sealed = {
            serial: entry
            for serial, entry in self._sealed.items()
            if entry[1].not_after is None or entry[1].not_after >= moment
        }
        keys = (*self._given, *(key for _, key in self._sealed.values()))
        before, self._store.keys = self._store.keys, PlatformKeys(keys, prefer=self._store.prefer, now=moment)
        self._tell(before, self._store.keys)
        self._warn(keys, moment)

    def _tell(self, before: PlatformKeys, now: PlatformKeys) -> None:
        if self._notify is not None and _changed(now) != _changed(before):
            self._notify(_changed(now))

    def _warn(self, keys: tuple[PlatformKey, ...], now: datetime) -> None:
        ends = [(key.not_after, key) for key in keys if key.not_after is not None]
        if not ends or len(ends) < len(keys):
            return  # a public key has no end
        last, key = max(ends, key=lambda end: end[0])
        if last - now < timedelta(seconds=self._renewal.warn_before):
            _log.warning("the last platform certificate, %s, expires at %s", key.serial, last)
            if self._renewal.on_expiring is not None:
                try:
                    self._renewal.on_expiring(key)
                except Exception:  # noqa: BLE001 - the user's hook may raise anything, and the certificate is good
                    _log.exception("on_expiring failed")

    def _read_cache(self) -> None:
        cache = self._renewal.cache
        if cache is None:
            return
        try:
            opened = self._open(certificates.parse(cache.read_bytes()))
        except FileNotFoundError:
            return
        except (OSError, TrustError) as error:
            _log.warning("the cached platform certificates in %s are not used: %s", cache, error)
            return
        self._sealed = {key.serial: (sealed, key) for sealed, key in opened}
        self._put(self._clock())

    def _write_cache(self) -> None:
        cache = self._renewal.cache
        if cache is None:
            return
        content = certificates.build([sealed for sealed, _ in self._sealed.values()])
        try:
            # mkstemp makes it readable for its owner alone; the name changes hands in one step.
            descriptor, name = tempfile.mkstemp(dir=cache.parent, prefix=f".{cache.name}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(name).replace(cache)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            _log.warning("the platform certificates can't be kept in %s: %s", cache, error)


def _changed(keys: PlatformKeys) -> CertificatesChanged:
    preferred = keys.preferred.serial if keys.preferred is not None else None
    return CertificatesChanged(serials=tuple(key.serial for key in keys), preferred=preferred)


def _refused(refusal: APIError) -> WeChatPayError:
    if refusal.status == 404 or refusal.code in _NO_CERTIFICATES:
        return ConfigurationError("certs", f"the platform has no certificates for this merchant ({refusal})", _SWITCH)
    if refusal.status >= 500:
        # Seen for merchants in public-key mode too.
        refusal.add_note(_SWITCH)
    return refusal
