"""The blocking client: the same chain, from threads, inside of a running loop, and after a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from wechatpay_chain import (
    ConfigurationError,
    ConnectionFailed,
    Request,
    Response,
    SyncWeChatPay,
    WeChatPayError,
)
from wechatpay_chain.emulator import Emulator

ECHO = "v3/security/echo"


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
    before = threading.active_count()
    sync = SyncWeChatPay(**emulator.credentials(), transport=emulator)
    sync.close()
    sync.close()
    assert threading.active_count() == before
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


def test_a_session_is_refused(emulator: Emulator) -> None:
    """A session of another loop can't be used and is refused at construction."""
    with pytest.raises(ConfigurationError, match="session"):
        SyncWeChatPay(**emulator.credentials(), session=object())


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
