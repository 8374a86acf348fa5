"""`WeChatPay`: the chain, the pipeline and the network, put together."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, TypeVar

from .. import catalogue
from .._endpoints import Endpoints
from ..catalogue.hints import note_unknown, warn_deprecated
from ..credentials.merchant import Credentials
from ..credentials.platform_keys import Preference, TrustStore
from ..credentials.renewal import Renewal, Renewer
from ..credentials.signer import Signer
from ..crypto.keys import PrivateKeySource, PublicKeySource
from ..errors import ConfigurationError, Unauthorized, WeChatPayError
from ..files.content import Link
from ..files.downloads import Files
from ..http.attachment import Progress
from ..http.path import literal_path
from ..http.request import Request
from ..http.response import Response
from ..http.timeout import Timeout, chosen
from ..middleware import Encode, EncodeV2, Failover, ObserveAttempts, ObserveCalls, Retry, Sign, standard
from ..observing import Hook, guarded
from ..payments import Payments
from ..pipeline import Handler, Middleware, compose, counted
from ..policies.clock import PlatformClock
from ..policies.ratelimit import RateLimits
from ..policies.retry import RetryPolicy
from ..transport.aiohttp import AiohttpTransport, ClientSession
from ..wire.hosts import DEFAULT_BASE_URL, check_base_url, twins
from ..wire.refusal import api_error, is_refusal
from ..wire.v3.signature import make_nonce
from .chain import Chain, Node
from .environment import environment
from .in_flight import InFlight

R = TypeVar("R")

# What pages of APIv2 answer with, and nothing else does.
_FOUND = 302


class WeChatPay(Endpoints, Node[Coroutine[Any, Any, Response[Any]]]):
    """The asyncio client of one merchant.

        async with WeChatPay(mchid, serial, Path("apiclient_key.pem"), {"PUB_KEY_ID_...": Path("key.pem")}) as wxpay:
            answer = await wxpay.v3.pay.transactions.native.post(json={...})

    Args:
        mchid: merchant number, digits.
        serial: serial number of the merchant API certificate, 40 hexadecimal digits.
        private_key: its private key: a path, PEM or DER in any form, PKCS#12, a loaded key, or a `Signer`.
        certs: certificate serial or `PUB_KEY_ID_...` -> platform certificate or WeChat Pay public key, in any form.
        apiv3_key: the 32 characters that decrypt notifications and downloaded certificates.
        apiv2_key: the 32 characters that sign APIv2 calls.
        merchant_cert: the merchant API certificate, as PEM or PKCS#12, for the APIv2 operations that ask for it (mTLS);
            checked against `serial` and `private_key`. Where the key isn't here, an `ssl.SSLContext` that presents it.
        workwx_secret: the secret of WeCom's payment application, for its `workwx_sign`.
        base_url: scheme and host; a test server, a reverse proxy, or one of the platform's other hosts.
        timeout: seconds for a whole call with all its attempts, or all of its times: `Timeout(total=30, attempt=10)`.
        session: an aiohttp session of the caller's own; it stays open.
        transport: a `Handler` in place of the network; `base_url`, `timeout` and `session` are then not used.
        middlewares: the steps of a call, in place of `wechatpay_chain.middleware.standard(...)`.
        validate: whether to check payloads against the catalogue before anything is sent; the platform decides anyway.
        renewal: how platform certificates are downloaded and renewed; needs `apiv3_key`, and `certs` may be left out.
        prefer: which kind of key to ask answers from and to encrypt with, where `certs` has both.
        retry: how often and how soon calls are repeated that may be; `RetryPolicy(attempts=1)` repeats none.
        rate_limits: the rates to keep to, by default the documented ones of each operation; None keeps to none.
        backups: base URLs to send to while `base_url` is down; by default its official twins, () for none.
        observe: is told of what happens; see `wechatpay_chain.observing`.
        clock: gives Unix time in seconds.
        correct_clock: whether to sign and to check by the platform's time, as its answers tell it, where this
            machine's clock is off. Better is to set the clock: believing the answers' time, an old answer is believed.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    def __init__(
        self,
        mchid: str,
        serial: str,
        private_key: PrivateKeySource | Signer,
        certs: Mapping[str, PublicKeySource] | None = None,
        *,
        apiv3_key: str | bytes | None = None,
        apiv2_key: str | None = None,
        merchant_cert: PublicKeySource | SSLContext | None = None,
        workwx_secret: str | None = None,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float | Timeout = Timeout(),  # noqa: B008 - it is immutable
        session: ClientSession | None = None,
        transport: Handler | None = None,
        middlewares: Sequence[Middleware] | None = None,
        validate: bool = False,
        renewal: Renewal | None = None,
        prefer: Preference = "public_key",
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - it is immutable
        rate_limits: RateLimits | None = RateLimits(),  # noqa: B008 - the same
        backups: Sequence[str] | None = None,
        observe: Hook | None = None,
        clock: Callable[[], float] = time.time,
        correct_clock: bool = False,
    ) -> None:
        _check_kind(
            "retry", retry, RetryPolicy, "RetryPolicy(attempts=1) repeats nothing; retry=False belongs to a call"
        )
        _check_kind("rate_limits", rate_limits, RateLimits | None, "None keeps to none")
        _check_kind("renewal", renewal, Renewal | None, "Renewal() renews every eight hours")
        credentials = Credentials.load(
            mchid,
            serial,
            private_key,
            certs,
            apiv3_key=apiv3_key,
            apiv2_key=apiv2_key,
            merchant_cert=merchant_cert,
            prefer=prefer,
            renews=renewal is not None,
        )
        self._mchid = credentials.mchid
        self._network = AiohttpTransport(base_url, timeout=timeout, session=session, client_tls=credentials.client_tls)
        notify = guarded(observe)
        self._timeouts = chosen(timeout, Timeout())
        self._clock = clock = PlatformClock(clock, corrects=correct_clock)
        if backups is None and transport is not None:
            backups = ()
        handler = self._network if transport is None else counted(transport)
        handler = compose(self._below(base_url, backups, notify), handler)
        observed = (ObserveCalls(notify),) if notify else ()
        again = Retry(retry, self._timeouts, notify=notify, now=clock)
        self._trust = TrustStore(credentials.platform_keys, prefer=prefer)
        self._renewer: Renewer | None = None
        if renewal is not None:
            sign = Sign(credentials.mchid, credentials.serial, credentials.signer, clock)
            download = compose((*observed, Encode(), again, sign), handler)
            self._renewer = _renewer(self._trust, renewal, download, credentials, clock, notify)
        self._handler = compose(
            standard(
                credentials,
                clock=clock,
                validate=validate,
                trust=self._trust,
                workwx_secret=workwx_secret,
                timeouts=self._timeouts,
                retry=retry,
                rate_limits=rate_limits,
                notify=notify,
            )
            if middlewares is None
            else middlewares,
            handler,
        )
        fetch = compose((*observed, again), handler)
        self._files = Files(self.send, fetch, base_url.rstrip("/"), DEFAULT_BASE_URL)
        self._pages = EncodeV2(credentials.mchid, credentials.apiv2_key)
        self._payment_keys = (credentials.mchid, credentials.signer, credentials.apiv2_key, clock, make_nonce)
        self._in_flight = InFlight()
        self._path = ""
        self._send = self.send

    def _below(self, base_url: str, backups: Sequence[str] | None, notify: Hook | None) -> tuple[Middleware, ...]:
        """What requests of every kind pass through, downloads and renewals too."""
        host_of = self._network.base_url_of
        if backups is not None:
            backups = tuple(check_base_url(url, f"backups[{index}]") for index, url in enumerate(backups))
        backups_of = partial(_backups, main=base_url.rstrip("/"), given=backups)
        failover = () if backups == () else (Failover(host_of, backups_of, notify=notify),)
        return (*failover, ObserveAttempts(notify, host_of)) if notify else failover

    @classmethod
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Any) -> Self:
        """A client from environment variables.

        `MCHID`, `SERIAL`, `PRIVATE_KEY` (path or PEM), `PUBLIC_KEY` (path or PEM) with `PUBLIC_KEY_ID`; optional
        `APIV3_KEY`, `APIV2_KEY`, `MERCHANT_CERT` (path or PEM), `BASE_URL`; each with the prefix.

        Args:
            prefix: what the names of the variables start with.
            options: further arguments of the class; they win over the environment.

        Raises:
            ConfigurationError: a variable is missing, or its value is wrong.
        """
        return cls(**{**environment(prefix), **options})

    @property
    def trust(self) -> TrustStore:
        """The platform's keys of the moment, for a `Webhook` that shares them: `Webhook(certs=wxpay.trust, ...)`."""
        return self._trust

    def chain(self, path: str) -> Chain[Coroutine[Any, Any, Response[Any]]]:
        """The chain of a path that is taken literally: `wxpay.chain("v3/pay/transactions/id/{transaction_id}")`.

        Raises:
            ConfigurationError: the path holds `..`, `?`, `#`, blanks or other characters that no path may hold.
        """
        return self[path]

    async def send(self, request: Request) -> Response[Any]:
        """Send a request that was made by hand; the verbs of the chain end here too.

        Raises:
            ConfigurationError: something is wrong with it; nothing was sent.
            TransportError: no complete answer came.
            TrustError: the answer must not be believed.
            APIError: the platform refused.
        """
        self._in_flight.check_open()
        operation = catalogue.find(request.method, request.template)
        if operation is not None and operation.deprecated:
            warn_deprecated(operation)
        try:
            if self._renewer is not None:
                await self._renewer.ready()
            with self._in_flight:
                response = await self._handler(request)
        except WeChatPayError as error:
            error.request = request.line
            raise
        if is_refusal(response) and not (operation and operation.answer == "redirect" and response.status == _FOUND):
            refusal = api_error(response, accepted_on_429=bool(operation and operation.accepted_on_429))
            note_unknown(refusal, request)
            if isinstance(refusal, Unauthorized) and self._clock.is_off:
                refusal.add_note(f"The platform's clock is {self._clock.skew:+.0f} s from this machine's: set it (NTP)")
            raise refusal
        return response

    async def download(
        self,
        link: Link,
        to: str | Path,
        *,
        hash_type: str = "",
        hash_value: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - of the connection, not of the whole
        progress: Progress | None = None,
    ) -> Path:
        """Download a file: a bill, a receipt, an invoice, an image.

        It is unpacked on its way, and its digest checked where one is known. The file appears whole or not at all.
        A link from the answer of a GET that has expired (after 5 minutes) is asked for once more. Links to a foreign
        host are followed without any signature.

        Args:
            link: an answer that holds a `download_url`, one of its members that does, a link, or a `Request` whose
                answer is the file itself.
            to: path of the file to be written; an existing one is replaced.
            hash_type: algorithm of `hash_value`: `SHA1`, `SHA256`, `SM3`, `MD5`.
            hash_value: digest of the unpacked content, where the link itself doesn't say.
            timeout: seconds without any progress; the client's by default.
            progress: called with the bytes received so far, and with their whole number where it is known.

        Returns:
            `to`, as a path.

        Raises:
            ConfigurationError: this is no link, or the file can't be written.
            SignatureError: the content is not the one that was announced.
            DecodeError: the packed content is damaged or cut off.
            TransportError: the content broke off.
            APIError: the platform refused.
        """
        self._in_flight.check_open()
        with self._in_flight:
            return await self._files.download(
                link, Path(to), hash_type=hash_type, hash_value=hash_value, timeout=timeout, progress=progress
            )

    def stream(
        self,
        link: Link,
        *,
        hash_type: str = "",
        hash_value: str = "",
        timeout: float | None = None,
        progress: Progress | None = None,
        unpack: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        """The content of a file piece by piece: `async for piece in wxpay.stream(answer)`.

        The digest can only be compared at the end: don't act on the pieces before the loop has ended without an error.

        Args:
            link: as for `download`, and so are the others.
            hash_type: as for `download`.
            hash_value: as for `download`.
            timeout: as for `download`.
            progress: as for `download`.
            unpack: False gives the content as it comes, packed or encrypted, and checks no digest.
        """
        return self._files.stream(
            link, hash_type=hash_type, hash_value=hash_value, timeout=timeout, progress=progress, unpack=unpack
        )

    def page_url(self, path: object, params: Mapping[str, Any]) -> str:
        """The address of a page of APIv2 that a payer opens: `wxpay.page_url("v2/papay/entrustweb", {...})`.

        Nothing is sent. The merchant's number and the signature are filled in.

        Args:
            path: of the page, as text or as its chain.
            params: its parameters.

        Raises:
            ConfigurationError: there is no APIv2 key, or a parameter is wrong.
        """
        template = literal_path(str(path))
        target, fragment = self._pages.page(template, params)
        host = self._network.base_url_of(Request(method="GET", template=template))
        return f"{host}{target}#{fragment}" if fragment else f"{host}{target}"

    @property
    def payments(self) -> Payments[Coroutine[Any, Any, dict[str, str]]]:
        """What front ends need to open WeChat Pay; see `wechatpay_chain.payments`."""
        return self.payments_by(lambda signed: signed)

    def payments_by(self, run: Callable[[Coroutine[Any, Any, dict[str, str]]], R]) -> Payments[R]:
        """Such functions that return what `run` makes of their coroutines."""
        return Payments(run, *self._payment_keys)

    async def aclose(self) -> None:
        """Let the calls and downloads in flight come to their end, then close the connections. No more are taken.

        It takes no longer than a call may (`timeout`).
        """
        await self._in_flight.drain(self._timeouts.total)
        if self._renewer is not None:
            await self._renewer.aclose()
        await self._network.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} mchid={self._mchid}>"


def _check_kind(argument: str, value: object, kind: Any, remedy: str) -> None:
    # Callers may be untyped, and what is wrong would show only when a call has failed, in place of its outcome.
    if not isinstance(value, kind):
        raise ConfigurationError(argument, f"a {type(value).__name__} was found", remedy)


def _backups(host: str, *, main: str, given: Sequence[str] | None) -> Sequence[str]:
    return twins(host) if given is None or host != main else given


def _renewer(
    store: TrustStore,
    renewal: Renewal,
    download: Handler,
    credentials: Credentials,
    clock: Callable[[], float],
    notify: Hook | None,
) -> Renewer:
    if credentials.apiv3_key is None:
        raise ConfigurationError("apiv3_key", "renewal without it", "Give it: it opens downloaded certificates")
    return Renewer(store, renewal, download, credentials.apiv3_key, clock, notify)
