"""The blocking client: the same chain, from threads, inside of a running loop, and after a fork."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.client.endings import PROGRAMS
from wechatpay_chain import (
    ConfigurationError,
    ConnectionFailed,
    Request,
    Response,
    SyncWeChatPay,
    WeChatPay,
    WeChatPayError,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.observing import CallEnded, Event

ECHO = "v3/security/echo"
MESSAGE = {"echo_message": "a"}


@pytest.fixture
def sync(emulator: Emulator) -> Iterator[SyncWeChatPay]:
    """A blocking client of a fresh emulator."""
    with SyncWeChatPay(**emulator.credentials(), transport=emulator) as client:
        yield client


def test_the_three_spellings(sync: SyncWeChatPay) -> None:
    """Chain, literal and brackets block and give the answer itself."""
    for chain in (sync.v3.security.echo, sync.chain(ECHO), sync[ECHO]):
        assert chain.post(json={"echo_message": "a"}).json()["echo_message"] == "a"


def test_many_threads(sync: SyncWeChatPay) -> None:
    """Calls from many threads each get their own answer."""
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda number: sync[ECHO].post(json={"echo_message": str(number)}).json(), range(64))
    assert [answer["echo_message"] for answer in answers] == [str(number) for number in range(64)]


async def test_inside_of_a_running_loop(sync: SyncWeChatPay) -> None:
    """It works where a loop is already running, as in Jupyter."""
    assert asyncio.get_running_loop().is_running()
    assert sync[ECHO].post(json={"echo_message": "a"}).status == 200


def test_closing_ends_the_thread_and_later_calls(emulator: Emulator) -> None:
    """After `close` no thread is left, closing again does nothing, and a call says that the client is closed."""
    before = set(threading.enumerate())
    sync = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    sync.close()
    sync.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConfigurationError, match="closed"):
        sync[ECHO].post(json={})


def test_closing_leaves_no_thread_waiting(emulator: Emulator) -> None:
    """A call that takes longer than `close` waits for it ends with an error of unknown outcome, in its own thread."""
    arrived = threading.Event()

    async def mute(request: Request) -> Response[Any]:
        arrived.set()
        await asyncio.Event().wait()
        return await emulator(request)

    sync = SyncWeChatPay(**emulator.credentials(), transport=mute, timeout=0.05)
    errors: list[WeChatPayError] = []

    def call() -> None:
        try:
            sync[ECHO].post(json={"echo_message": "a"})
        except WeChatPayError as error:
            errors.append(error)

    calling = threading.Thread(target=call, daemon=True)
    calling.start()
    arrived.wait(30)
    sync.close()
    calling.join(30)
    assert [(type(error), error.outcome) for error in errors] == [(ConnectionFailed, "unknown")]
    assert str(errors[0]).startswith(f"POST /{ECHO}: the client was closed while the call was under way")


async def _cancelled(wxpay: WeChatPay) -> None:
    calling = asyncio.create_task(wxpay[ECHO].post(json=MESSAGE))
    calling.cancel()
    await calling


async def _cancelled_items(wxpay: WeChatPay) -> AsyncGenerator[int]:
    yield 1
    await _cancelled(wxpay)


def test_work_that_cancels_itself(sync: SyncWeChatPay) -> None:
    """Its cancellation comes out as it is: the client isn't closed, and goes on."""
    with pytest.raises(asyncio.CancelledError):
        sync.run(_cancelled)
    items = sync.iterate(_cancelled_items)
    assert next(items) == 1
    with pytest.raises(asyncio.CancelledError):
        next(items)
    assert sync[ECHO].post(json=MESSAGE).status == 200


def test_closing_while_others_call(emulator: Emulator) -> None:
    """Calls that other threads begin while the client is closed have their answer, or are told that it is closed."""
    sync = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    ended: list[object] = []

    def call() -> None:
        while not ended or isinstance(ended[-1], int):
            try:
                ended.append(sync[ECHO].post(json={"echo_message": "a"}).status)
            except ConfigurationError as error:
                ended.append(error)

    threads = [threading.Thread(target=call, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(ended) < 8:
        threading.Event().wait(0.001)
    sync.close()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


async def test_a_session_of_another_loop_is_refused(emulator: Emulator) -> None:
    """A session of another loop can't be used and is refused at construction, with the function to give."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match=r"another event loop.* Give a function that makes one"):
            SyncWeChatPay(**emulator.credentials(), session=session)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork_it_says_so(sync: SyncWeChatPay) -> None:
    """A forked child has no thread to wait for: it gets an error instead of hanging."""
    child = os.fork()
    if child == 0:
        try:
            sync[ECHO].post(json={})
        except ConfigurationError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_repr(sync: SyncWeChatPay) -> None:
    """The merchant number tells clients apart."""
    assert repr(sync) == "<SyncWeChatPay mchid=1900000109>"


def test_trust(sync: SyncWeChatPay) -> None:
    """The platform's keys are shared with a webhook, as those of `WeChatPay` are."""
    assert any(True for _ in sync.trust.keys)


def test_with_options(sync: SyncWeChatPay) -> None:
    """Another client with other options; the two are closed for themselves."""
    with sync.with_options(timeout=5.0) as other:
        assert (other.options.timeout, other.options.mchid) == (5.0, sync.options.mchid)
        assert other[ECHO].post(json=MESSAGE).status == 200
    assert sync[ECHO].post(json=MESSAGE).status == 200


class Shop(WeChatPay):
    """A subclass that is shown before it is made."""

    def __init__(self, **credentials: Any) -> None:
        self.shown = repr(self)
        super().__init__(**credentials)


@pytest.mark.parametrize("client", [WeChatPay, SyncWeChatPay])
def test_a_client_that_is_not_made_yet(client: type[Any], emulator: Emulator) -> None:
    """repr, hasattr, copy and a debugger's traceback show the mistake instead of recursing without end."""
    half: object = object.__new__(client)
    assert client.__name__ in repr(half)
    assert not hasattr(half, "_mchid")
    assert not hasattr(half, "v3")
    assert copy.copy(half) is half
    with pytest.raises(ConfigurationError) as caught:
        client(**{**emulator.credentials(), "apiv3_key": "short"})
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "apiv3_key" in str(shown)
    assert client.__name__ in "".join(shown.format())


def test_a_subclass_that_is_shown_early(emulator: Emulator) -> None:
    """A subclass may log itself before it calls `super().__init__`."""
    shop = Shop(**emulator.credentials(), transport=emulator)
    assert "Shop" in shop.shown
    assert repr(shop) == "<Shop mchid=1900000109>"


@pytest.mark.parametrize("client", [WeChatPay, SyncWeChatPay])
def test_copies_and_pickles(client: type[Any], emulator: Emulator) -> None:
    """A copy is the client itself, within other objects too; pickling says what to do instead."""
    made = client(**emulator.credentials(), transport=emulator)
    assert copy.copy(made) is made
    assert copy.deepcopy({"wxpay": made})["wxpay"] is made
    with pytest.raises(TypeError, match="make one in each process"):
        pickle.dumps(made)
    if isinstance(made, SyncWeChatPay):
        made.close()


def test_a_signal_handler_that_calls(sync: SyncWeChatPay) -> None:
    """A handler that makes a call while the main thread is in one doesn't hang, and both have their answers."""
    handled: list[int] = []

    def handle(*_: object) -> None:
        handled.append(sync[ECHO].post(json=MESSAGE).status)
        # The next signal comes after this call: on a slow machine they would pile up in each other.
        signal.setitimer(signal.ITIMER_REAL, 0.001)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        until = time.monotonic() + 30
        while len(handled) < 20 and time.monotonic() < until:
            assert sync[ECHO].post(json=MESSAGE).status == 200
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(handled) >= 20


@pytest.mark.parametrize("kind", ["hook", "middleware", "progress"])
def test_a_call_in_its_own_callback_is_refused(kind: str, emulator: Emulator) -> None:
    """A blocking call of a callback would wait for the loop that it runs in; the error says what to do."""
    refused: list[ConfigurationError] = []

    def call() -> None:
        try:
            client[ECHO].post(json=MESSAGE)
        except ConfigurationError as error:
            refused.append(error)

    def observe(event: Event) -> None:
        if isinstance(event, CallEnded) and kind == "hook":
            call()

    async def transport(request: Request) -> Response[Any]:
        if kind == "middleware":
            call()
        return await emulator(request)

    with SyncWeChatPay(**emulator.credentials(), transport=transport, observe=observe) as client:
        assert client[ECHO].post(json=MESSAGE).status == 200
        if kind == "progress":
            answer = client["v3/bill/tradebill"].get(params={"bill_date": "2026-01-01"})
            assert b"".join(client.stream(answer, progress=lambda *_: call()))
    assert refused
    assert all("another thread" in str(error) for error in refused)


def resources() -> set[object]:
    """Descriptors, with what each leads to, and threads of this process."""
    found: set[object] = set(threading.enumerate())
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the one that the listing itself had
            found.add((path.name, path.readlink()))
    return found


def test_dropped_without_close(emulator: Emulator) -> None:
    """A client that is dropped ends its thread by itself, with a warning: nothing stays for the process's life."""
    client = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    assert client[ECHO].post(json=MESSAGE).status == 200
    thread = next(thread for thread in threading.enumerate() if thread.name == "wechatpay_chain.SyncWeChatPay")
    del client
    with pytest.warns(ResourceWarning, match=r"unclosed client <SyncWeChatPay mchid=1900000109>"):
        gc.collect()
    thread.join(30)
    assert not thread.is_alive()


def test_dropped_without_a_call(emulator: Emulator) -> None:
    """A client that never called has neither thread nor descriptors, and warns all the same: it was to be closed."""
    gc.collect()
    before = resources()
    client = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    del client
    with pytest.warns(ResourceWarning):
        gc.collect()
    # What an earlier test left may go meanwhile.
    assert resources() <= before


def test_a_stream_that_outlives_its_client(emulator: Emulator) -> None:
    """A half-read stream may be closed or dropped after its client, in any thread."""
    client = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    answer = client["v3/bill/tradebill"].get(params={"bill_date": "2026-01-01"})
    pieces = [client.stream(answer) for _ in range(3)]
    assert all(next(stream) for stream in pieces)
    pieces.pop().close()
    client.close()
    pieces.pop().close()
    closing = threading.Thread(target=pieces.clear)
    closing.start()
    closing.join(30)
    assert not pieces


@pytest.fixture(scope="module")
def endings() -> dict[str, str]:
    """How each program of `endings` ended, with what it printed before."""
    command = [sys.executable, "-m", "tests.client.endings", *PROGRAMS]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout.splitlines()
    ends = [number for number, line in enumerate(printed) if line.rpartition(": ")[0] in PROGRAMS]
    starts = [0, *(end + 1 for end in ends)]
    return {
        printed[end].rpartition(": ")[0]: " ".join([*printed[start:end], printed[end].rpartition(": ")[2]])
        for start, end in zip(starts, ends, strict=False)
    }


IS_3_12 = sys.version_info[:2] == (3, 12)
ENDS = {
    "a stream is half read, sys.exit": "exit 3",
    "a stream is half read, an exception": "exit 1",
    "a call in atexit": "200 exit 0",
    # On 3.12 no thread starts by then, so that the client has no loop; on the others, no name can be resolved.
    "the first call in atexit": f"{'ConfigurationError' if IS_3_12 else 'ConnectionFailed'} not_sent exit 0",
    "a signal closes the client in a call": "closed 200 exit 0",
    "Ctrl-C in a call": "interrupted exit 0",
    "Ctrl-C while it closes": "interrupted [] exit 0",
    "a fork in a call, with its own error": "its own error exit 0",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_end(name: str, endings: dict[str, str]) -> None:
    """Whatever a program leaves open or does last, it ends, and with its own status."""
    assert endings[name] == ENDS.get(name, "exit 0")
