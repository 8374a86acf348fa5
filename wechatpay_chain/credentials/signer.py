"""Who signs for the merchant, and where: in the event loop, or beside it in threads.

A signature of RSA takes longer than everything else in a call, and `cryptography` lets go of the interpreter while it
makes one. So as soon as several calls are under way, and there are cores for it, signatures are made in threads while
the loop sends and receives. A call that is alone is signed in the loop: the way to a thread and back costs more.

Where there are no threads, many calls are signed in a row. A signature drives all else out of the processor's caches,
so it pays to make them together, and then to go on with all of those calls.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..crypto import rsa

# The loop itself is busy with what more threads would sign.
_MOST_THREADS = 4
# With fewer calls under way, waiting for the others' signatures costs more than the caches give back.
_MANY = 24
# Then the loop's other tasks have their turn.
_IN_A_ROW = 64


@runtime_checkable
class Signer(Protocol):
    """Signs for the merchant without handing out the key: a KMS, an HSM, a signing service."""

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A `Signer` that holds the private key itself.

    Attributes:
        private_key: RSA.
        threads: False signs in the event loop, whatever the load.
    """

    private_key: RSAPrivateKey = field(repr=False)
    threads: bool = field(default=True, repr=False)

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`."""
        desk = desk_of_loop()
        if self.threads and desk.is_busy:
            return await desk.sign(self.private_key, message)
        if desk.is_crowded:
            return await desk.sign_in_a_row(self.private_key, message)
        return rsa.sign(self.private_key, message)


_Wanted = tuple[RSAPrivateKey, bytes, asyncio.Future[bytes]]


class Desk:
    """Where the calls of an event loop have their signatures made, those of all clients.

    `with desk: ...` counts a call as under way.

    Args:
        loop: the event loop.
        threads: how many may sign at once; 0 where there are no cores for it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int) -> None:
        self.loop = loop
        self._calls = 0
        self._threads = threads
        # Of its own: who holds all of the loop's threads may be waiting for a call.
        self._pool = ThreadPoolExecutor(max(threads, 1), thread_name_prefix="wechatpay_chain_signing")
        self._working = 0
        self._waiting: deque[_Wanted] = deque()
        self._row: deque[_Wanted] = deque()
        self._made: deque[tuple[asyncio.Future[bytes], bytes | Exception]] = deque()
        self._is_told = False

    @property
    def is_busy(self) -> bool:
        """Whether so much is to be done that threads are worth their while."""
        return self._calls > 1 and self._threads > 0

    @property
    def is_crowded(self) -> bool:
        """Whether so many calls are under way that it pays to make their signatures in a row."""
        return self._calls >= _MANY

    def __enter__(self) -> None:
        self._calls += 1

    def __exit__(self, *error: object) -> None:
        self._calls -= 1

    async def sign(self, key: RSAPrivateKey, message: bytes) -> bytes:
        """The signature of `message`, made in a thread."""
        signature: asyncio.Future[bytes] = self.loop.create_future()
        self._waiting.append((key, message, signature))
        if self._working < self._threads:
            self._start()
        return await signature

    async def sign_in_a_row(self, key: RSAPrivateKey, message: bytes) -> bytes:
        """The signature of `message`, made in the loop together with those that others wait for."""
        signature: asyncio.Future[bytes] = self.loop.create_future()
        if not self._row:
            self.loop.call_soon(self._sign_row)
        self._row.append((key, message, signature))
        return await signature

    def _sign_row(self) -> None:
        try:
            for _ in range(min(len(self._row), _IN_A_ROW)):
                key, message, future = self._row[0]
                if not future.done():  # else its call was cancelled
                    _settle(future, _signature(key, message))
                self._row.popleft()
        finally:  # after a Ctrl-C too
            if self._row:
                self.loop.call_soon(self._sign_row)

    def _start(self) -> None:
        self._working += 1
        self.loop.run_in_executor(self._pool, self._work).add_done_callback(self._ended)

    def _ended(self, work: asyncio.Future[None]) -> None:
        self._working -= 1
        # One may have come in while the thread was leaving.
        if self._waiting and not work.cancelled():
            self._start()

    def _work(self) -> None:
        """In a thread: make signatures until none is waited for. The loop is woken once for all that it hasn't seen."""
        while self._waiting:
            try:
                key, message, future = self._waiting.popleft()
            except IndexError:  # another thread took it
                return
            if future.done():  # its call was cancelled
                continue
            self._made.append((future, _signature(key, message)))
            if not self._is_told:
                self._is_told = True
                self.loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._is_told = False
        while self._made:
            future, made = self._made.popleft()
            if not future.done():  # else its call was cancelled
                _settle(future, made)


def _settle(future: asyncio.Future[bytes], made: bytes | Exception) -> None:
    if isinstance(made, bytes):
        future.set_result(made)
    else:
        future.set_exception(made)


def _signature(key: RSAPrivateKey, message: bytes) -> bytes | Exception:
    try:
        return rsa.sign(key, message)
    except Exception as error:  # noqa: BLE001 - it is raised where the signature is waited for
        return error


class _OfThread(threading.local):
    desk: Desk | None = None


_of_thread = _OfThread()


def desk_of_loop() -> Desk:
    """The desk of the running event loop."""
    loop = asyncio.get_running_loop()
    desk = _of_thread.desk
    if desk is None or desk.loop is not loop:
        desk = _of_thread.desk = Desk(loop, _threads())
    return desk


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_THREADS) if cores > 1 else 0
