"""Where the signatures of an event loop are made: in the loop, in threads, or in batches.

An RSA signature takes longer than everything else in a call, and `cryptography` releases the interpreter for it. So if
several calls are under way and there is more than one core, signatures are made in threads while the loop sends and
receives. A single call is signed in the loop: handing it to a thread would cost more.

Without threads, if signatures are slow, those of many calls are made in a batch. A signature evicts everything else
from the processor's caches, so it pays to make many in a row before going on with their calls.
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
_SLOW = 0.45e-3  # seconds for a signature: quicker ones lose more by waiting for the batch than they gain
_TIMED = 16  # signatures that are timed: the quickest one counts


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
        # Not the loop's own threads, which may all be waiting for calls.
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
        # A request may have come in while the thread was ending.
        if self._wanted and not work.cancelled():
            self._start()

    def _work(self) -> None:
        """Make signatures until none is wanted; runs in a thread."""
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
    """Makes signatures in batches, in the event loop.

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
    """Makes the signatures of all clients of an event loop, where that is fastest at the moment.

    `with signing: ...` counts a call as under way.

    Args:
        loop: the event loop.
        threads: how many may sign at once; 0 where there are no cores for it.
        slow: if a signature takes so many seconds or more, they are made in batches.
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
            threads: whether a thread may make it.
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
    """The `LoopSigning` of the running event loop."""
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
