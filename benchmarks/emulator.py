"""The emulator: processor time of an order, start, 100,000 orders, and 10,000 writes with a kill in the middle.

    python -m benchmarks.emulator [orders] [start] [many] [crash]

`orders` signs Native orders beforehand and takes the processor time in which the emulator checks, keeps, answers and
signs them, as a multiple of one RSA-2048 signature and one verification made in the same round; in memory and on disk.
`start` runs `Emulator()` in fresh processes, with new keys and with a folder that has some. `many` makes 100,000 orders
and says what each costs in memory and whether queries stay as fast. `crash` sends 10,000 orders from 64 callers to
a process that is killed twice on the way, and counts what is there. One minute, a gigabyte of memory at most.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from wechatpay_chain import NotFound, TransportError, WeChatPay
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.platform.call import Call
from wechatpay_chain.emulator.products.orders import apiv3, transitions
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

PATH = "/v3/pay/transactions/native"
ROUNDS, A_ROUND = 12, 150
MANY = 100_000
WRITES, CALLERS, KILLS = 10_000, 64, (3_000, 6_000)
SERVER = Path(__file__).parents[1] / "tests" / "emulator" / "world" / "crashing.py"


def order(number: int, mchid: str = "1900000109") -> dict[str, Any]:
    """A Native order."""
    return {
        "appid": "wxd678efh567hg6787",
        "mchid": mchid,
        "description": "coffee",
        "out_trade_no": f"A{number:08d}",
        "notify_url": "https://shop.example/notify",
        "amount": {"total": 100, "currency": "CNY"},
    }


def signed(emulator: Emulator, method: str, path: str, query: str = "", body: bytes = b"") -> Request:
    """A request as a client sends it."""
    now, nonce = str(int(time.time())), v3.make_nonce()
    target = f"{path}?{query}" if query else path
    message = v3.request_message(method, target, now, nonce, body)
    authorization = Authorization(
        signature_type=signature_types.RSA,
        owner=emulator.mchid,
        serial=emulator.merchant_key.serial,
        nonce=nonce,
        timestamp=now,
        signature=base64.b64encode(rsa.sign(emulator.merchant_key.rsa_key, message)).decode(),
    )
    headers = {"Accept": "application/json", "User-Agent": "bench", "Content-Type": "application/json"}
    return Request(
        method=method,
        template=path,
        query=query,
        body=body,
        headers=Headers({**headers, "Authorization": str(authorization)}),
    )


async def answer(emulator: Emulator, requests: Sequence[Request]) -> float:
    """Processor seconds in which the emulator answers one of them."""
    began = time.process_time()
    for request in requests:
        response = await emulator.receive(request)
        if response.status != 200:
            raise SystemExit(f"refused: {response.content!r}")
    return (time.process_time() - began) / len(requests)


def sums(pair: KeyPair) -> float:
    """Processor seconds of one signature and one verification."""
    message, key = b"x" * 300, pair.rsa_key
    began = time.process_time()
    for _ in range(A_ROUND):
        signature = base64.b64encode(rsa.sign(key, message)).decode()
        rsa.verify(key.public_key(), message, signature)
    return (time.process_time() - began) / A_ROUND


async def _measure_orders(folder: Path) -> None:
    for name, emulator in (("in memory", Emulator()), ("on disk", Emulator(state=folder))):
        took, ratios = list[float](), list[float]()
        for round_ in range(ROUNDS):
            numbers = range(round_ * A_ROUND, (round_ + 1) * A_ROUND)
            requests = [signed(emulator, "POST", PATH, body=orjson.dumps(order(number))) for number in numbers]
            cost = await answer(emulator, requests)
            took.append(cost)
            ratios.append(cost / sums(emulator.merchant_key))
        emulator.close()
        print(f"an order {name}: {median(took) * 1e3:.3f} ms, {median(ratios):.2f} times sign and verify (aim 1.9)")


def _measure_start(folder: Path) -> None:
    for name, argument in (("memory", ""), ("a new folder", str(folder)), ("the same folder", str(folder))):
        state = f"state=Path({argument!r})" if argument else ""
        program = f"from pathlib import Path; from wechatpay_chain.emulator import Emulator; Emulator({state})"
        times, work = list[float](), list[float]()
        for _ in range(1 if argument else 5):
            began, worked = time.perf_counter(), _children()
            subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program
            times.append(time.perf_counter() - began)
            work.append(_children() - worked)
        print(f"start with {name}: {median(times):.2f} s, {median(work):.2f} s of the processor (aim 0.7)")


async def _measure_many() -> None:
    emulator, before = Emulator(), _memory()
    first = await _queries(emulator, 100)
    began = time.perf_counter()
    for number in range(100, MANY):
        call = Call(method="POST", path=PATH, time=emulator.world.now, mchid=emulator.mchid, json=order(number))
        with emulator.world.transaction():
            transitions.make(emulator.world, apiv3.asked(call, call.json, "NATIVE"))
    took = time.perf_counter() - began
    last = await _queries(emulator, 0)
    each = (_memory() - before) / MANY
    print(f"{MANY} orders, without signatures, in {took:.0f} s, {each:.1f} kB each")
    print(f"a query took {first * 1e3:.2f} ms among a hundred, {last * 1e3:.2f} ms among all")


async def _queries(emulator: Emulator, made: int) -> float:
    if made:
        await answer(
            emulator, [signed(emulator, "POST", PATH, body=orjson.dumps(order(number))) for number in range(made)]
        )
    path = "/v3/pay/transactions/out-trade-no/A00000042"
    return await answer(emulator, [signed(emulator, "GET", path, "mchid=1900000109") for _ in range(200)])


def _children() -> float:
    """Processor seconds of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory() -> float:
    """The most memory that was used, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _measure_crash(folder: Path) -> None:
    answered: set[int] = set()
    numbers, began = iter(range(WRITES)), time.perf_counter()
    for until in (*KILLS, WRITES + 1):
        process, told = _serve(folder)
        asyncio.run(_write(told, numbers, answered, process, until))
        process.kill()
        process.communicate()
    process, told = _serve(folder)
    there = asyncio.run(_count(told))
    process.kill()
    process.communicate()
    lost = answered - there
    print(
        f"{WRITES} writes from {CALLERS} callers, killed {len(KILLS)} times, in {time.perf_counter() - began:.0f} s: "
        f"{len(answered)} answered, {len(there)} there, {len(lost)} lost"
    )
    if lost:
        raise SystemExit(1)


def _serve(folder: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [sys.executable, SERVER, folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SERVER.parents[3])  # noqa: S603 - ours
    if process.stdout is None:
        raise RuntimeError("a process without output")
    return process, json.loads(process.stdout.readline())


async def _write(
    told: dict[str, Any], numbers: Iterator[int], answered: set[int], process: subprocess.Popen[str], until: int
) -> None:
    async with WeChatPay(mchid="1900000109", **told, rate_limits=None) as wxpay:
        path: Any = wxpay.v3.pay.transactions.native

        async def call() -> None:
            for number in numbers:
                try:
                    await path.post(json=order(number), retry=False)
                except TransportError:
                    return
                answered.add(number)
                if len(answered) >= until:
                    process.kill()

        await asyncio.gather(*(call() for _ in range(CALLERS)))


async def _count(told: dict[str, Any]) -> set[int]:
    there: set[int] = set()
    numbers = iter(range(WRITES))
    async with WeChatPay(mchid="1900000109", **told, rate_limits=None) as wxpay:
        path = wxpay["v3/pay/transactions/out-trade-no/{out_trade_no}"]

        async def call() -> None:
            for number in numbers:
                try:
                    await path.get(out_trade_no=f"A{number:08d}", params={"mchid": "1900000109"})
                except NotFound:
                    continue
                there.add(number)

        await asyncio.gather(*(call() for _ in range(CALLERS)))
    return there


def main(wanted: Sequence[str]) -> None:
    """Measure what the command line names, or all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not wanted or "orders" in wanted:
            asyncio.run(_measure_orders(folder / "orders"))
        if not wanted or "start" in wanted:
            _measure_start(folder / "start")
        if not wanted or "many" in wanted:
            asyncio.run(_measure_many())
        if not wanted or "crash" in wanted:
            _measure_crash(folder / "crash")


if __name__ == "__main__":
    main(sys.argv[1:])
