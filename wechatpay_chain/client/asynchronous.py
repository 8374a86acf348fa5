"""`WeChatPay`: the asyncio client."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack

from .._endpoints import Endpoints
from ..catalogue.hints import explain_unknown, note_closed
from ..catalogue.lookup import looked_up
from ..credentials.arguments import conceals_arguments
from ..crypto.concealed import without_frames
from ..errors import APIError, ConfigurationError, Unauthorized, WeChatPayError, type_of
from ..http.path import literal_path
from ..http.payload import as_of_now
from ..http.request import Request
from ..http.timeout import chosen
from ..middleware import identity_v2
from ..wire.hosts import DEFAULT_BASE_URL
from ..wire.refusal import api_error, is_refusal
from ..wire.v2.request import PREFIX, page
from ..wire.v3.signature import make_nonce
from .chain import Chain, Node
from .environment import environment
from .in_flight import InFlight
from .options import Arguments, FurtherArguments, Options
from .other_names import check_arguments
from .pipelines import build

if TYPE_CHECKING:
    from ..credentials.renewer import Renewer
    from ..credentials.signer import Signer
    from ..credentials.trust_store import TrustStore
    from ..crypto.keys import PrivateKeySource, PublicKeySource
    from ..files.downloads import Files
    from ..files.links import Link
    from ..http.attachment import Progress
    from ..http.operation import Operation
    from ..http.response import Response
    from ..payments import Payments

R = TypeVar("R")
_OTHER_INTERFACES = tuple(f"{PREFIX}/{root}/" for root in ("v3", "hk", "global", "brand"))


class WeChatPay(Endpoints, Node["Coroutine[Any, Any, Response[Any]]"]):
    """The asyncio client of one merchant, of one brand, or of both.

        async with WeChatPay(mchid, serial, Path("apiclient_key.pem"), {"PUB_KEY_ID_...": Path("key.pem")}) as wxpay:
            answer = await wxpay.v3.pay.transactions.native.post(json={...})

    Args:
        mchid: merchant number, digits.
        serial: serial number of the merchant API certificate, 40 hexadecimal digits.
        private_key: its private key: a path, PEM or DER in any form, PKCS#12, a loaded key, or a `Signer`.
        certs: certificate serial or `PUB_KEY_ID_...` -> platform certificate or WeChat Pay public key, in any form.
        options: everything else: `apiv3_key`, `apiv2_key`, `merchant_cert`, `brand`, `workwx_secret`, `base_url`,
            `timeout`, `session`, `transport`, `middlewares`, `pipeline`, `validate`, `renewal`, `prefer`, `retry`,
            `rate_limits`, `backups`, `observe`, `clock`, `correct_clock`; `wechatpay_chain.client.options.Options`
            describes each.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    @conceals_arguments
    def __init__(
        self,
        mchid: str | None = None,
        serial: str | None = None,
        private_key: PrivateKeySource | Signer | None = None,
        certs: Mapping[str, PublicKeySource] | None = None,
        **options: Unpack[FurtherArguments],
    ) -> None:
        check_arguments("WeChatPay", options, Arguments.__annotations__)
        self._options = Options(mchid=mchid, serial=serial, private_key=private_key, certs=certs, **options)
        pipelines = build(self._options)
        self._network = pipelines.network
        self._handler = pipelines.call
        self._trust = pipelines.trust
        self._renewer = pipelines.renewer
        self._clock = pipelines.clock
        self._fetch = pipelines.fetch
        self._in_flight = InFlight()
        self._path = ""
        self._send = self.send

    @classmethod
    @conceals_arguments
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Unpack[Arguments]) -> Self:
        """A client from environment variables.

        `MCHID`, `SERIAL`, `PRIVATE_KEY` (path or PEM), `PUBLIC_KEY` (path or PEM) with `PUBLIC_KEY_ID`; optional
        `APIV3_KEY`, `APIV2_KEY`, `MERCHANT_CERT` (path or PEM), `BASE_URL`; each with the prefix. A brand beside the
        merchant, or alone, as `Brand.from_env` reads it, from `BRAND_ID` and so on. In SM mode `PRIVATE_KEY` is of SM2,
        and `PUBLIC_KEY` is the platform's certificate of SM2 with its serial as `PUBLIC_KEY_ID`.

        Args:
            prefix: what the names of the variables start with.
            options: further arguments of the class. What they give need not stand in the environment, and wins over it:
                `certs=...` replaces `PUBLIC_KEY`, and with `renewal=Renewal()` there need be no public key.

        Raises:
            ConfigurationError: a variable is missing, or its value is wrong.
        """
        return cls(**environment(prefix, options))

    @conceals_arguments
    def with_options(self, **options: Unpack[Arguments]) -> Self:
        """Another client, with other values for some options: `wxpay.with_options(timeout=5)`.

        The two share nothing but a `session` that was given: the new one has connections of its own, to be closed. A
        function that makes a session makes one for each.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        arguments: dict[str, Any] = {**self._options.arguments(), **options}
        return type(self)(**arguments)

    @property
    def options(self) -> Options:
        """The client's options."""
        return self._options

    @property
    def trust(self) -> TrustStore:
        """The current platform keys, to be shared with a `Webhook`: `Webhook(certs=wxpay.trust, ...)`."""
        return self._trust

    def chain(self, path: str) -> Chain[Coroutine[Any, Any, Response[Any]]]:
        """The chain of a path that is taken literally: `wxpay.chain("v3/pay/transactions/id/{transaction_id}")`.

        Raises:
            ConfigurationError: the path holds `..`, `?`, `#`, blanks or other characters that no path may hold.
        """
        return self[path]

    async def send(self, request: Request) -> Response[Any]:
        """Send a request that was made by hand; the verbs of the chain call this too.

        Raises:
            ConfigurationError: something is wrong with it; nothing was sent.
            TransportError: no complete answer came.
            TrustError: the answer must not be believed.
            APIError: the platform refused.
        """
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError(
                "request", f"{type_of(request)} was found", "Give Request(method='GET', template='/v3/certificates')"
            )
        try:
            if self._renewer is not None:
                self._in_flight.check_open()
                request = await self._with_keys(request, self._renewer)
            with self._in_flight:
                response = await self._handler(request)
        except ConfigurationError as error:
            error.request = request.line
            # Its frames hold the payload, with secrets in plain.
            raise without_frames(error) from None
        except WeChatPayError as error:
            error.request = request.line
            raise
        if is_refusal(response):
            operation = looked_up(request).operation
            if is_refusal(response, operation):
                raise self._refusal(request, response, operation)
        return response

    def _refusal(self, request: Request, response: Response[Any], operation: Operation | None) -> APIError:
        refusal = api_error(response, operation)
        refusal.request = request.line
        explain_unknown(refusal, request, operation)
        note_closed(refusal, operation)
        if isinstance(refusal, Unauthorized) and self._clock.is_off:
            refusal.add_note(f"The platform's clock is {self._clock.skew:+.0f} s from this machine's: set it (NTP)")
        return refusal

    async def _with_keys(self, request: Request, renewer: Renewer) -> Request:
        """Wait until there are platform keys; the request, with the time that is left of its timeout."""
        if self._trust.keys.preferred is not None:
            await renewer.ready()
            return request
        request = as_of_now(request)
        timeouts, started = chosen(request.timeout, self._options.timeouts), time.monotonic()
        await renewer.ready(timeouts.total)
        left = timeouts.total - (time.monotonic() - started)
        return request.changed(timeout=timeouts.within(max(left, 0.001)))

    def stop_renewing(self) -> None:
        """Stop renewing platform certificates in the background; calls go on with those there are."""
        if self._renewer is not None:
            self._renewer.stop()

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

        It is unpacked as it arrives, and its digest checked where one is known. The file appears whole or not at all.
        A link from the answer of a GET that has expired (after 5 minutes) is asked for once more. Links to a foreign
        host are followed without any signature.

        Args:
            link: an answer with a `download_url`, a member of one that has it, the link itself, or a `Request` whose
                answer is the file.
            to: path of the file to be written; an existing one is replaced.
            hash_type: algorithm of `hash_value`: `SHA1`, `SHA256`, `SM3`, `MD5`.
            hash_value: digest of the unpacked content, where the answer has none.
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
        with self._in_flight:
            return await self._files().download(
                link, to, hash_type=hash_type, hash_value=hash_value, timeout=timeout, progress=progress
            )

    async def stream(
        self,
        link: Link,
        *,
        hash_type: str = "",
        hash_value: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - as of `download`
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
            unpack: False yields the content as it comes, packed or encrypted, without checking its digest.
        """
        self._in_flight.check_open()
        pieces = self._files().stream(
            link, hash_type=hash_type, hash_value=hash_value, timeout=timeout, progress=progress, unpack=unpack
        )
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    def _files(self) -> Files:
        from ..files.downloads import Files  # only for downloads

        base_url = self._options.base_url.rstrip("/")
        backups = tuple(url.rstrip("/") for url in self._options.backups or ())
        return Files(self.send, self._fetch, base_url, DEFAULT_BASE_URL, backups)

    def page_url(self, path: object, params: Mapping[str, Any]) -> str:
        """The address of a page of APIv2 that a payer opens: `wxpay.page_url("v2/papay/entrustweb", {...})`.

        Nothing is sent. The merchant's number and the signature are filled in.

        Args:
            path: of the page, as text or as its chain.
            params: its parameters.

        Raises:
            ConfigurationError: there is no APIv2 key, the path is one of another interface, or a parameter is wrong.
        """
        text = str(path)
        if not isinstance(path, str | Chain):
            raise ConfigurationError("path", f"{type_of(path)} was found", "Give a text: 'v2/papay/entrustweb'")
        template = literal_path(text)
        if not template.startswith(f"{PREFIX}/"):
            template = f"{PREFIX}{template}"
        if template.startswith(_OTHER_INTERFACES):
            raise ConfigurationError("path", f"{text!r} is no page of APIv2", "Give one, such as 'v2/papay/entrustweb'")
        request = looked_up(Request(method="GET", template=template, params=params))
        return self._network.base_url_of(request) + page(request, identity_v2(self._options), make_nonce())

    @property
    def payments(self) -> Payments[Coroutine[Any, Any, dict[str, str]]]:
        """The parameters with which front ends open WeChat Pay; see `wechatpay_chain.payments`."""
        return self.payments_by(lambda signed: signed)

    def payments_by(self, run: Callable[[Coroutine[Any, Any, dict[str, str]]], R]) -> Payments[R]:
        """`payments` whose functions return what `run` makes of their coroutines: the blocking client awaits them."""
        from ..payments import Payments  # only for front ends

        merchant = self._options.credentials
        seconds = self._options.timeouts.total
        return Payments(run, merchant.mchid, merchant.signer, merchant.apiv2_key, self._clock, make_nonce, seconds)

    async def aclose(self) -> None:
        """Refuse new calls, wait for the calls and downloads in flight, then close the connections.

        It waits no longer than a call may take (`timeout`). If it is cancelled, it closes the connections at once.
        """
        try:
            await self._in_flight.drain(self._options.timeouts.total)
        finally:
            try:
                if self._renewer is not None:
                    await self._renewer.aclose()
            finally:
                await self._network.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if "_options" not in vars(self):  # after an error in __init__, debuggers show the unfinished object
            return object.__repr__(self)
        brand = self._options.brand
        numbers = {"mchid": self._options.mchid, "brand_id": brand and brand.brand_id}
        shown = " ".join(f"{name}={number}" for name, number in numbers.items() if number)
        return f"<{type(self).__name__} {shown}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds keys and connections and can't be pickled: make one in each process")
