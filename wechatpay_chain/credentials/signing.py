"""Where the signatures of an event loop are made: in the loop, in threads beside it, or many together.

An RSA signature takes longer than everything else in a call, and `cryptography` lets go of the interpreter while it
makes one. So as soon as several calls are under way, and there are cores for it, signatures are made in threads while
the loop sends and receives. A call that is alone is signed in the loop: the way to a thread and back costs more.

Without threads, the signatures of many calls are made together where one takes long. Each drives all else out of the
processor's caches, so it pays to make them one after the other, and then to go on with all of those calls.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from math import inf

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..crypto import rsa

# The figures are those of `python -m benchmarks.signing`; it prints the calls per second for others.
_MOST_THREADS = 4  # more of them sign nothing more: the loop has its own work to do
_FEWEST_IN_THREADS = 2  # calls under way
_FEWEST_IN_A_BATCH = 24  # calls under way
_BATCH = 64  # signatures, about 20 ms: then the loop's other tasks have their turn
_SLOW = 0.45e-3  # seconds for a signature: quicker ones lose more by waiting for each other than they gain
_TIMED = 16  # signatures: the quickest of them tells


class SigningPool:
    """Threads that make signatures for one event loop.

    The loop is woken once for all signatures that are ready.

    Args:
        loop: the event loop.
        threads: how many may sign at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int) -> None:
        self._loop = loop
        self._threads = threads
        # Not the loop's own threads: who holds all of those may be waiting for a call.
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="wechatpay_chain_signing")
        self._working = 0
        self._wanted: deque[_Wanted] = deque()
        self._ready: deque[tuple[asyncio.Future[bytes], bytes | Exception]] = deque()
        self._will_wake = False

    async def sign(self, key: RSAPrivateKey, message: bytes) -> bytes:
        """The signature of `message`."""
        signature: asyncio.Future[bytes] = self._loop.create_future()
        self._wanted.append((key, message, signature))
        if self._working < self._threads:
            self._start()
        return await signature

    def _start(self) -> None:
        try:
            work = self._loop.run_in_executor(self._executor, self._work)
        except RuntimeError:  # there are no threads any more, as in `atexit` functions
            self._work()
            return
        self._working += 1
        work.add_done_callback(self._ended)

    def _ended(self, work: asyncio.Future[None]) -> None:
        self._working -= 1
        # One may have come in while the thread was leaving.
        if self._wanted and not work.cancelled():
            self._start()

    def _work(self) -> None:
        """In a thread: make signatures until none is wanted."""
        while self._wanted:
            try:
                key, message, future = self._wanted.popleft()
            except IndexError:  # another thread took it
                return
            if future.done():  # its call was cancelled
                continue
            self._ready.append((future, _signature(key, message)))
            if not self._will_wake:
                self._will_wake = True
                self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._will_wake = False
        while self._ready:
            future, made = self._ready.popleft()
            if not future.done():  # else its call was cancelled
                _settle(future, made)


class SigningBatch:
    """Signatures that are made together, in the event loop.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wanted: deque[_Wanted] = deque()

    async def sign(self, key: RSAPrivateKey, message: bytes) -> bytes:
        """The signature of `message`."""
        signature: asyncio.Future[bytes] = self._loop.create_future()
        if not self._wanted:
            self._loop.call_soon(self._make)
        self._wanted.append((key, message, signature))
        return await signature

    def _make(self) -> None:
        try:
            for _ in range(min(len(self._wanted), _BATCH)):
                key, message, future = self._wanted[0]
                if not future.done():  # else its call was cancelled
                    _settle(future, _signature(key, message))
                self._wanted.popleft()
        finally:  # after a Ctrl-C too
            if self._wanted:
                self._loop.call_soon(self._make)


class LoopSigning:
    """Makes the signatures of an event loop, those of all its clients, where that is fastest at the moment.

    `with signing: ...` counts a call as under way.

    Args:
        loop: the event loop.
        threads: how many may sign at once; 0 where there are no cores for it.
        slow: seconds that a signature takes from which on many are made together.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int, *, slow: float = _SLOW) -> None:
        self.loop = loop
        self._slow = slow
        self._calls = 0
        self._pool = SigningPool(loop, threads) if threads else None
        self._batch = SigningBatch(loop)
        self._timed = 0
        self._least = inf

    def __enter__(self) -> None:
        self._calls += 1

    def __exit__(self, *error: object) -> None:
        self._calls -= 1

    async def sign(self, key: RSAPrivateKey, message: bytes, *, threads: bool) -> bytes:
        """The signature of `message`.

        Args:
            key: the merchant's.
            message: what is signed.
            threads: whether it may be made in another thread.
        """
        if threads and self._pool is not None and self._calls >= _FEWEST_IN_THREADS:
            return await self._pool.sign(key, message)
        if self._timed < _TIMED:
            return self._timed_signature(key, message)
        if self._calls >= _FEWEST_IN_A_BATCH and self._least >= self._slow:
            return await self._batch.sign(key, message)
        return rsa.sign(key, message)

    def _timed_signature(self, key: RSAPrivateKey, message: bytes) -> bytes:
        self._timed += 1
        started = time.perf_counter()
        signature = rsa.sign(key, message)
        self._least = min(self._least, time.perf_counter() - started)
        return signature


def signing_of_loop() -> LoopSigning:
    """What makes the signatures of the running event loop."""
    loop = asyncio.get_running_loop()
    signing = _of_thread.signing
    if signing is None or signing.loop is not loop:
        signing = _of_thread.signing = LoopSigning(loop, _threads())
    return signing


_Wanted = tuple[RSAPrivateKey, bytes, asyncio.Future[bytes]]


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


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_THREADS) if cores > 1 else 0


class _OfThread(threading.local):
    signing: LoopSigning | None = None


_of_thread = _OfThread()
