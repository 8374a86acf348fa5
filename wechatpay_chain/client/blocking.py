"""`SyncWeChatPay`: the same chain, blocking."""

from __future__ import annotations

import asyncio
import os
import warnings
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack, cast

from .._arguments import a_function, check, instance
from .._endpoints import SyncEndpoints
from .._loop_thread import LoopEnded, LoopThread
from ..credentials.arguments import conceals_arguments
from ..credentials.trust_store import TrustStore
from ..errors import ConfigurationError, ConnectionFailed
from ..files.links import Link
from ..http.request import Request
from ..http.response import Response
from ..payments import Payments
from .asynchronous import WeChatPay
from .chain import Chain, Node
from .environment import environment
from .options import Arguments, FurtherArguments, Options
from .other_names import check_arguments

if TYPE_CHECKING:
    from ..credentials.signer import Signer
    from ..crypto.keys import PrivateKeySource, PublicKeySource

T = TypeVar("T")

_END = object()
_TAKES = {"work": a_function("Give a function that takes the WeChatPay inside")}
_RETURNS_COROUTINE = {"work": instance(Coroutine, "Let it return a coroutine: lambda wxpay: refund_all(wxpay, orders)")}
_RETURNS_GENERATOR = {
    "work": instance(AsyncGenerator, "Let it return an asynchronous generator: lambda wxpay: orders(wxpay)")
}


class SyncWeChatPay(SyncEndpoints, Node[Response[Any]]):
    """The blocking client of one merchant; safe from many threads, and where an event loop is already running.

        with SyncWeChatPay(mchid, serial, Path("apiclient_key.pem"), {"PUB_KEY_ID_...": Path("key.pem")}) as wxpay:
            answer = wxpay.v3.pay.transactions.native.post(json={...})

    It runs a `WeChatPay` in an event loop in a thread of its own, which the first call starts. Calls may be made in
    signal handlers and `atexit` functions, but not in the client's own callbacks (`observe`, `progress`). Close it: a
    client that is dropped unclosed closes by itself, with a `ResourceWarning`.

    Args:
        mchid: as for `WeChatPay`.
        serial: as for `WeChatPay`.
        private_key: as for `WeChatPay`.
        certs: as for `WeChatPay`.
        options: the other arguments of `WeChatPay`. A `session` belongs to another event loop: give a function that
            makes one, `session=lambda: aiohttp.ClientSession(proxy="http://...")`.

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
        check_arguments("SyncWeChatPay", options, Arguments.__annotations__)
        session = options.get("session")
        if session is not None and not callable(session):
            remedy = "Give a function that makes one: lambda: aiohttp.ClientSession(proxy='http://...')"
            raise ConfigurationError("session", "it belongs to another event loop", remedy)
        self._client = WeChatPay(mchid, serial, private_key, certs, **options)
        self._path = ""
        self._send = self.send
        self._pid = os.getpid()
        self._thread = LoopThread(type(self).__name__, self._client.aclose)
        self._unclosed = weakref.finalize(self, _warn_unclosed, self._pid, repr(self))
        self._unclosed.atexit = False

    @classmethod
    @conceals_arguments
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Unpack[Arguments]) -> Self:
        """A client from environment variables, as `WeChatPay.from_env`."""
        return cls(**environment(prefix, options))

    @conceals_arguments
    def with_options(self, **options: Unpack[Arguments]) -> Self:
        """Another client, with other values for some options, as `WeChatPay.with_options`; each is to be closed."""
        arguments: dict[str, Any] = {**self._client.options.arguments(), **options}
        return type(self)(**arguments)

    @property
    def options(self) -> Options:
        """The client's options."""
        return self._client.options

    @property
    def trust(self) -> TrustStore:
        """The current platform keys, as `WeChatPay.trust`."""
        return self._client.trust

    def chain(self, path: str) -> Chain[Response[Any]]:
        """The chain of a path that is taken literally, as `WeChatPay.chain`."""
        return self[path]

    def send(self, request: Request) -> Response[Any]:
        """Send a request that was made by hand; raises as `WeChatPay.send`."""
        return self._wait(self._client.send(request), request)

    def download(self, link: Link, to: str | Path, **options: Any) -> Path:
        """Download a file: a bill, a receipt, an invoice, an image. It appears whole and checked, or not at all.

        Args:
            link: an answer that holds a `download_url`, one of its members that does, a link, or a `Request` whose
                answer is the file itself.
            to: path of the file to be written; an existing one is replaced.
            options: `hash_type`, `hash_value`, `timeout` and `progress`, as for `WeChatPay.download`.

        Returns:
            `to`, as a path.

        Raises:
            WeChatPayError: as `WeChatPay.download` does.
        """
        return self._wait(self._client.download(link, to, **options))

    def stream(self, link: Link, **options: Any) -> Generator[bytes, None, None]:
        """The content of a file piece by piece: `for piece in wxpay.stream(answer)`.

        The digest can only be compared at the end: don't act on the pieces before the loop has ended without an error.

        Args:
            link: as for `download`.
            options: `hash_type`, `hash_value`, `timeout`, `progress` and `unpack`, as for `WeChatPay.stream`.

        Raises:
            WeChatPayError: as `WeChatPay.stream` does.
        """
        return self.iterate(lambda wxpay: wxpay.stream(link, **options))

    def run(self, work: Callable[[WeChatPay], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine that is written for `WeChatPay`: `wxpay.run(lambda inner: refund_all(inner, orders))`.

        Args:
            work: called with the `WeChatPay` inside; its coroutine runs in the client's thread.

        Raises:
            ConfigurationError: it is no function, or returned no coroutine.
        """
        check(_TAKES, work=work)
        coroutine = work(self._client)
        check(_RETURNS_COROUTINE, work=coroutine)
        return self._wait(coroutine)

    def iterate(self, work: Callable[[WeChatPay], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Go through what is written for `WeChatPay`: `for order in wxpay.iterate(all_orders)`.

        Args:
            work: called with the `WeChatPay` inside; its asynchronous generator runs in the client's thread.

        Raises:
            ConfigurationError: it is no function, or returned no asynchronous generator.
        """
        check(_TAKES, work=work)
        items, turn = work(self._client), asyncio.Lock()
        if isinstance(items, Coroutine):
            items.close()  # nobody will await it
        check(_RETURNS_GENERATOR, work=items)
        try:
            while (item := self._wait(_next(items, turn))) is not _END:
                yield cast("T", item)
        finally:
            # Without waiting: a dropped generator is closed in any thread at any time, also after its client.
            self._thread.spawn(_close(items, turn))

    def page_url(self, path: object, params: Mapping[str, Any]) -> str:
        """The address of a page of APIv2, as `WeChatPay.page_url`."""
        return self._client.page_url(path, params)

    @property
    def payments(self) -> Payments[dict[str, str]]:
        """The parameters with which front ends open WeChat Pay, as `WeChatPay.payments`."""
        return self._client.payments_by(self._wait)

    def close(self) -> None:
        """Wait for the calls in flight, close the connections and end the thread. A second call does nothing.

        It waits no longer than a call may take (`timeout`); a call that takes longer ends with `ConnectionFailed`.
        """
        self._unclosed.detach()
        if self._pid == os.getpid():  # in a forked child there is nothing to close
            self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if "_client" not in vars(self):  # after an error in __init__, debuggers show the unfinished object
            return object.__repr__(self)
        return repr(self._client).replace("WeChatPay", type(self).__name__, 1)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds keys and connections and can't be pickled: make one in each process")

    def _wait(self, coroutine: Coroutine[Any, Any, T], request: Request | None = None) -> T:
        """Run a coroutine in the loop, and return its result."""
        if self._pid != os.getpid():
            coroutine.close()
            raise ConfigurationError(
                type(self).__name__, "the client was made before a fork", "Make a new client, in each process its own"
            )
        try:
            return self._thread.run(coroutine)
        except LoopEnded:
            error = ConnectionFailed("the client was closed while the call was under way")
            error.outcome = "unknown"
            error.request = None if request is None else request.line
            raise error from None


def _warn_unclosed(pid: int, client: str) -> None:
    if pid == os.getpid():
        warnings.warn(f"unclosed client {client}", ResourceWarning, stacklevel=2)


async def _next(items: AsyncGenerator[T, None], turn: asyncio.Lock) -> T | object:
    async with turn:
        return await anext(items, _END)


async def _close(items: AsyncGenerator[Any, None], turn: asyncio.Lock) -> None:
    async with turn:  # an interrupted `_next` may not have ended yet
        await items.aclose()
