"""Where signatures are made: alone in the loop, several at once in threads."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from wechatpay_chain import WeChatPay
from wechatpay_chain.credentials.signer import KeySigner
from wechatpay_chain.credentials.signing import LoopSigning, signing_of_loop
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair

KEY = KeyPair.merchant().rsa_key
several_cores = pytest.mark.skipif(
    (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) == 1,
    reason="one core signs in the loop",
)


@pytest.fixture
def signers(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How many signatures each thread made."""
    made, sign = Counter[int](), rsa.sign

    def counting(key: RSAPrivateKey, message: bytes) -> bytes:
        made[threading.get_ident()] += 1
        return sign(key, message)

    monkeypatch.setattr(rsa, "sign", counting)
    return made


def holds(message: bytes, signature: object) -> bool:
    """Whether it is the signature of this message."""
    return signature == rsa.sign(KEY, message)


async def where_it_is_slow(slow: float = 0.0) -> LoopSigning:
    """What signs without threads, and knows how long a signature takes, where `slow` seconds are slow."""
    signing = LoopSigning(asyncio.get_running_loop(), 0, slow=slow)
    for _ in range(16):
        await signing.sign(KEY, b"timed", threads=False)
    return signing


async def signed_by(signing: LoopSigning, message: bytes) -> bytes:
    """The signature that a call has made by it, while it is under way."""
    with signing:
        await asyncio.sleep(0)
        return await signing.sign(KEY, message, threads=False)


async def under_way(message: bytes, *, threads: bool = True) -> bytes:
    """The signature that a call has made for it, while it is under way."""
    with signing_of_loop():
        await asyncio.sleep(0)
        return await KeySigner(KEY, threads=threads).sign(message)


async def test_alone_in_the_loop(signers: Counter[int]) -> None:
    """A call that is alone, and a signature outside of a call, are signed in the thread of the loop."""
    assert holds(b"a", await under_way(b"a"))
    assert holds(b"b", await KeySigner(KEY).sign(b"b"))
    assert set(signers) == {threading.get_ident()}


@several_cores
async def test_several_in_threads(signers: Counter[int]) -> None:
    """Of several calls each gets the signature of its own message, made in another thread than the loop's."""
    messages = [f"message {number}".encode() for number in range(50)]
    signatures = await asyncio.gather(*map(under_way, messages))
    assert threading.get_ident() not in signers
    assert sum(signers.values()) == 50
    assert all(map(holds, messages, signatures))


@several_cores
async def test_alone_again(signers: Counter[int]) -> None:
    """When the others have ended, a call is signed in the loop again, and threads are taken up anew after that."""
    await asyncio.gather(under_way(b"a"), under_way(b"b"))
    assert threading.get_ident() not in signers
    await under_way(b"c")
    assert signers.pop(threading.get_ident()) == 1
    await asyncio.gather(under_way(b"d"), under_way(b"e"))
    assert threading.get_ident() not in signers


async def test_threads_are_not_wanted(signers: Counter[int]) -> None:
    """`threads=False` signs in the loop, however many calls there are."""
    await asyncio.gather(*(under_way(b"a", threads=False) for _ in range(5)))
    assert set(signers) == {threading.get_ident()}


def test_one_core(signers: Counter[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one core, nothing is gained by threads, and none are used."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)

    async def main() -> None:
        await asyncio.gather(*(under_way(b"a") for _ in range(5)))

    asyncio.run(main())
    assert set(signers) == {threading.get_ident()}


async def test_many_together(signers: Counter[int]) -> None:
    """Many calls without threads are signed in the loop one after the other where a signature takes long, each its own
    message; none that was cancelled is signed, and the loop gets its turn in between.
    """
    messages = [f"message {number}".encode() for number in range(100)]
    signing = await where_it_is_slow()
    signers.clear()
    calls = [asyncio.create_task(signed_by(signing, message)) for message in messages]
    await asyncio.sleep(0)  # they are under way
    await asyncio.sleep(0)  # they wait for their signatures
    assert not signers
    calls[0].cancel()
    calls[99].cancel()
    while not signers:  # noqa: ASYNC110 - the loop's next turns are what is looked at
        await asyncio.sleep(0)
    assert 0 < signers[threading.get_ident()] < 98
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in (done[0], done[99])] == [asyncio.CancelledError] * 2
    assert sum(signers.values()) == 98
    assert all(map(holds, messages[1:99], done[1:99]))


async def test_quick_signatures_are_not_made_together(signers: Counter[int]) -> None:
    """Where a signature takes less than pays, each call is signed as soon as it comes, however many there are."""
    signing = await where_it_is_slow(60.0)
    signers.clear()
    calls = [asyncio.create_task(signed_by(signing, b"a")) for _ in range(50)]
    await asyncio.sleep(0)  # they are under way
    await asyncio.sleep(0)
    assert signers[threading.get_ident()] == 50
    assert await asyncio.gather(*calls) == [rsa.sign(KEY, b"a")] * 50


async def test_what_is_raised_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong with one signature is raised by its own call alone."""
    sign, signing = rsa.sign, await where_it_is_slow()
    monkeypatch.setattr(rsa, "sign", lambda key, message: sign(key, message) if message else int("no"))
    messages = [b"a"] * 30 + [b""]
    done = await asyncio.gather(*(signed_by(signing, one) for one in messages), return_exceptions=True)
    assert isinstance(done.pop(), ValueError)
    assert all(holds(b"a", one) for one in done)


def test_a_batch_that_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while signatures are made in a row loses none: whoever uses the loop again finds them made."""
    sign, made = rsa.sign, list[bytes]()

    def interrupted(key: RSAPrivateKey, message: bytes) -> bytes:
        made.append(message)
        if len(made) == 10:
            raise KeyboardInterrupt
        return sign(key, message)

    async def calls() -> list[bytes]:
        return await asyncio.gather(*(signed_by(signing, b"a") for _ in range(40)))

    loop = asyncio.new_event_loop()
    signing = loop.run_until_complete(where_it_is_slow())
    monkeypatch.setattr(rsa, "sign", interrupted)
    first = loop.create_task(calls())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(first)
    assert loop.run_until_complete(first) == [sign(KEY, b"a")] * 40
    assert loop.run_until_complete(calls()) == [sign(KEY, b"a")] * 40
    loop.close()


@several_cores
async def test_a_cancelled_call(signers: Counter[int]) -> None:
    """A call that is cancelled while it waits for its signature takes nothing from the others."""
    calls = [asyncio.create_task(under_way(b"a")) for _ in range(20)]
    while not signers:  # noqa: ASYNC110 - a thread counts
        await asyncio.sleep(0)
    calls[0].cancel()
    calls[19].cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in done) == 2
    assert sum(one == rsa.sign(KEY, b"a") for one in done) == 18


@several_cores
async def test_a_storm_of_cancelled_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is signed for calls that were cancelled meanwhile: those that come after don't wait behind them."""
    begun, sign, may_end = list[bytes](), rsa.sign, threading.Event()

    def slow(key: RSAPrivateKey, message: bytes) -> bytes:
        begun.append(message)
        may_end.wait(30)
        return sign(key, message)

    monkeypatch.setattr(rsa, "sign", slow)
    calls = [asyncio.create_task(under_way(b"cancelled")) for _ in range(200)]
    while not begun:  # noqa: ASYNC110 - a thread counts
        await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    may_end.set()
    await asyncio.gather(under_way(b"a"), under_way(b"b"))
    assert begun.count(b"cancelled") <= 4  # as many as there are threads


@several_cores
async def test_what_a_thread_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in a thread is raised by the call that waits for the signature; later calls are signed."""
    with monkeypatch.context() as patched:
        patched.setattr(rsa, "sign", lambda *_: int("no"))
        done = await asyncio.gather(under_way(b"a"), under_way(b"b"), return_exceptions=True)
    assert [type(one) for one in done] == [ValueError, ValueError]
    assert set(await asyncio.gather(under_way(b"a"), under_way(b"a"))) == {rsa.sign(KEY, b"a")}


@several_cores
async def test_threads_of_its_own() -> None:
    """Where blocking functions hold all of the loop's own threads and wait for calls, these are signed all the same."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))

    async def calls() -> list[bytes]:
        return await asyncio.gather(*map(under_way, (b"a", b"b")))

    def blocking() -> list[bytes]:
        return asyncio.run_coroutine_threadsafe(calls(), loop).result(timeout=30)

    assert await asyncio.to_thread(blocking) == [rsa.sign(KEY, b"a"), rsa.sign(KEY, b"b")]


def test_loops_sign_apart() -> None:
    """Event loops in several threads, and one after the other in one thread, don't get in each other's way."""

    def run(number: int) -> list[bytes]:
        async def main() -> list[bytes]:
            return await asyncio.gather(*(under_way(b"%d" % number) for _ in range(10)))

        return [signature for _ in range(3) for signature in asyncio.run(main())]

    with ThreadPoolExecutor(4) as threads:
        for number, signatures in enumerate(threads.map(run, range(4))):
            assert set(signatures) == {rsa.sign(KEY, b"%d" % number)}


async def test_calls_at_once_are_all_accepted(emulator: Emulator, signers: Counter[int]) -> None:
    """The platform accepts each of many calls that are made at once, whoever signed them."""
    credentials: dict[str, Any] = emulator.credentials()
    async with emulator.listen() as base_url, WeChatPay(**credentials, base_url=base_url, rate_limits=None) as wxpay:
        answers = await asyncio.gather(
            *(wxpay.v3.security.echo.post(json={"echo_message": f"{number}"}) for number in range(60))
        )
    assert [answer.status for answer in answers] == [200] * 60
    assert sum(signers.values()) >= 60
