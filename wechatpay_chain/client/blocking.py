"""`SyncWeChatPay`: the same chain, blocking."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .._endpoints import SyncEndpoints
from ..errors import ConfigurationError, ConnectionFailed
from ..files.content import Link
from ..http.request import Request
from ..http.response import Response
from ..payments import Payments
from .asynchronous import WeChatPay
from .chain import Chain, Node
from .environment import environment

T = TypeVar("T")


class SyncWeChatPay(SyncEndpoints, Node[Response[Any]]):
    """The blocking client of one merchant; safe from many threads, and where an event loop is already running.

        with SyncWeChatPay(mchid, serial, Path("apiclient_key.pem"), {"PUB_KEY_ID_...": Path("key.pem")}) as wxpay:
            answer = wxpay.v3.pay.transactions.native.post(json={...})

    A `WeChatPay` works inside of it, in a thread of its own with an event loop.

    Args:
        arguments: as for `WeChatPay`; a `session` belongs to another loop and can't be given.
        options: likewise.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if options.get("session") is not None:
            raise ConfigurationError("session", "it belongs to another event loop", "Leave it out")
        self._client = WeChatPay(*arguments, **options)
        self._path = ""
        self._send = self.send
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wechatpay_chain", daemon=True)
        self._thread.start()

    @classmethod
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Any) -> Self:
        """A client from environment variables, as `WeChatPay.from_env`."""
        return cls(**environment(prefix, options))

    def chain(self, path: str) -> Chain[Response[Any]]:
        """The chain of a path that is taken literally, as `WeChatPay.chain`."""
        return self[path]

    def send(self, request: Request) -> Response[Any]:
        """Send a request that was made by hand; raises as `WeChatPay.send`."""
        return self._wait(self._client.send(request))

    def download(self, link: Link, to: str | Path, **options: Any) -> Path:
        """Download a file, as `WeChatPay.download`."""
        return self._wait(self._client.download(link, to, **options))

    def stream(self, link: Link, **options: Any) -> Generator[bytes, None, None]:
        """The content of a file piece by piece, as `WeChatPay.stream`."""
        pieces = self._client.stream(link, **options)
        try:
            while (piece := self._wait(_next(pieces))) is not None:
                yield piece
        finally:
            # A generator may outlive its client; the connection is gone then.
            if not self._closed:
                self._wait(_close(pieces))

    def page_url(self, path: object, params: Mapping[str, Any]) -> str:
        """The address of a page of APIv2, as `WeChatPay.page`."""
        return self._client.page_url(path, params)

    @property
    def payments(self) -> Payments[dict[str, str]]:
        """What front ends need to open WeChat Pay, as `WeChatPay.payments`."""
        return self._client.payments_by(self._wait)

    def close(self) -> None:
        """Let the calls in flight come to their end, close the connections and end the thread. Twice does nothing.

        It takes no longer than a call may (`timeout`); a call that takes longer ends with `ConnectionFailed`.
        """
        if self._closed:
            return
        self._wait(self._end(), last=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client).replace("WeChatPay", type(self).__name__, 1)

    def _wait(self, coroutine: Coroutine[Any, Any, T], *, last: bool = False) -> T:
        """What a coroutine returns in the loop; after the `last` one there are no others."""
        try:
            future = self._submit(coroutine, last=last)
        except ConfigurationError:
            coroutine.close()
            raise
        try:
            return future.result()
        except CancelledError:
            error = ConnectionFailed("the client was closed while the call was under way")
            error.outcome = "unknown"
            raise error from None
        except BaseException:
            # Ctrl-C while waiting: the call ends too, instead of going on unseen. A finished one is not touched.
            future.cancel()
            raise

    def _submit(self, coroutine: Coroutine[Any, Any, T], *, last: bool) -> Future[T]:
        remedy = "Make a new client, in each process its own"
        if self._pid != os.getpid():  # first: the lock may have been held when the process forked
            raise ConfigurationError("SyncWeChatPay", "the client was made before a fork", remedy)
        with self._lock:
            if self._closed:
                raise ConfigurationError("SyncWeChatPay", "the client is closed", remedy)
            self._closed = last
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _end(self) -> None:
        """Close the client, and cancel the calls that outlast that: a thread waits for each."""
        try:
            await self._client.aclose()
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def _next(pieces: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(pieces, None)


async def _close(pieces: AsyncGenerator[bytes, None]) -> None:
    await pieces.aclose()
