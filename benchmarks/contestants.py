"""Who does the main job, each in a process of its own that is kept alive: `python -m benchmarks.contestants NAME`.

Reads the keys and the base URL as one line of JSON, then bursts, `{"concurrency": 64, "calls": 256}` a line, and prints
what each took. The job: one secret field sealed, the request signed, sent over loopback, the answer verified, its JSON
read.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.answering import ACCOUNT, ORDER, PATH, allow_many_sockets

Job = Callable[[], Coroutine[Any, Any, None]]
_TICK = 0.001


class WithoutRSA:
    """In place of keys: what has the size of RSA's results, and takes no time."""

    def sign(self, *_: object) -> bytes:
        """As many bytes as a signature has."""
        return bytes(256)

    def encrypt(self, *_: object) -> bytes:
        """As many bytes as a ciphertext has."""
        return bytes(256)

    def verify(self, *_: object) -> None:
        """Every signature holds."""


@asynccontextmanager
async def floor(given: dict[str, str], *, with_rsa: bool = True) -> AsyncIterator[Job]:
    """By hand: aiohttp, orjson, cryptography, and nothing that could be left out."""
    import aiohttp
    import orjson
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    private: Any = load_pem_private_key(given["private_key"].encode(), None)
    public: Any = load_pem_public_key(given["public_key"].encode())
    if not with_rsa:
        private = public = WithoutRSA()
    oaep, pkcs1, sha256 = OAEP(MGF1(SHA1()), SHA1(), None), PKCS1v15(), SHA256()  # noqa: S303 - the protocol's
    url, serial = given["base_url"] + PATH, given["public_key_id"]

    async def job() -> None:
        sealed = base64.b64encode(public.encrypt(ACCOUNT.encode(), oaep)).decode()
        body = orjson.dumps({**ORDER, "bal_account_no": sealed})
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        message = f"POST\n{PATH}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(private.sign(message, pkcs1, sha256)).decode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "floor",
            "Wechatpay-Serial": serial,
            "Authorization": f'WECHATPAY2-SHA256-RSA2048 mchid="{given["mchid"]}",nonce_str="{nonce}",'
            f'signature="{signature}",timestamp="{timestamp}",serial_no="{given["serial"]}"',
        }
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            content = await answer.read()
            told = answer.headers
            if answer.status != 200 or told["Wechatpay-Serial"] != serial:
                raise ValueError(answer.status)
            if abs(int(told["Wechatpay-Timestamp"]) - time.time()) > 300:
                raise ValueError("stale")
            signed = f"{told['Wechatpay-Timestamp']}\n{told['Wechatpay-Nonce']}\n".encode() + content + b"\n"
            public.verify(base64.b64decode(told["Wechatpay-Signature"]), signed, pkcs1, sha256)
        orjson.loads(content)["wxpay_recover_no"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield job


@asynccontextmanager
async def chain_without_rsa(given: dict[str, str]) -> AsyncIterator[Job]:
    """This package with one thread, its RSA by name only."""
    from wechatpay_chain.crypto import rsa

    nothing = WithoutRSA()
    rsa.sign, rsa.verify = nothing.sign, nothing.verify
    rsa.encrypt = lambda *_: base64.b64encode(nothing.encrypt()).decode("ascii")
    async with chain(given, threads=False) as job:
        yield job


@asynccontextmanager
async def chain(given: dict[str, str], *, threads: bool = True, merchants: int = 1) -> AsyncIterator[Job]:
    """This package, as it comes; but for the documented limit of 200 a minute, which is not what is measured."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from wechatpay_chain import WeChatPay
    from wechatpay_chain.credentials.signer import KeySigner
    from wechatpay_chain.transport.aiohttp import new_session

    key: Any = load_pem_private_key(given["private_key"].encode(), None)
    certs = {given["public_key_id"]: given["public_key"]}
    async with new_session() as session:
        clients = cycle(
            [
                WeChatPay(
                    given["mchid"],
                    given["serial"],
                    KeySigner(key, threads=threads),
                    certs,
                    base_url=given["base_url"],
                    rate_limits=None,
                    session=session,
                )
                for _ in range(merchants)
            ]
        )

        order: Any = ORDER  # its members are those that the endpoint's type asks for

        async def job() -> None:
            answer = await next(clients).v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order)
            answer.json()["wxpay_recover_no"]

        yield job


def _configured(core: Callable[..., Any], given: dict[str, str]) -> Any:
    """What the clients of wechatpayv3 are made of, with this merchant."""
    keys = {"public_key": given["public_key"], "public_key_id": given["public_key_id"]}
    made = core(given["mchid"], given["serial"], given["private_key"], "k" * 32, **keys)
    made._gate_way = given["base_url"]  # noqa: SLF001 - there is no other way to another host
    return made


@asynccontextmanager
async def wechatpayv3_async(given: dict[str, str]) -> AsyncIterator[Job]:
    """wechatpayv3 2.0.4, asynchronous (httpx)."""
    from wechatpayv3.async_.core import AsyncCore
    from wechatpayv3.async_.type import RequestType

    core = _configured(AsyncCore, given)

    async def job() -> None:
        order = {**ORDER, "bal_account_no": core.encrypt(ACCOUNT)}
        status, content = await core.request(PATH, RequestType.POST, data=order, cipher_data=True)
        if status != 200:
            raise ValueError(status)
        json.loads(content)["wxpay_recover_no"]

    async with core:
        yield job


@asynccontextmanager
async def wechatpayv3_sync(given: dict[str, str]) -> AsyncIterator[Job]:
    """wechatpayv3 2.0.4, synchronous (requests), in as many threads as calls are wanted at once."""
    from wechatpayv3.core import Core
    from wechatpayv3.type import RequestType

    core = _configured(Core, given)

    def call() -> None:
        order = {**ORDER, "bal_account_no": core.encrypt(ACCOUNT)}
        status, content = core.request(PATH, RequestType.POST, data=order, cipher_data=True)
        if status != 200:
            raise ValueError(status)
        json.loads(content)["wxpay_recover_no"]

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(512) as threads:

        async def job() -> None:
            await loop.run_in_executor(threads, call)

        yield job


CONTESTANTS = {
    "floor": floor,
    "floor-without-rsa": partial(floor, with_rsa=False),
    "chain": chain,
    "chain-without-rsa": chain_without_rsa,
    # This package, signing in the event loop whatever the load.
    "chain-in-the-loop": partial(chain, threads=False),
    "chain-10-merchants": partial(chain, merchants=10),
    "chain-100-merchants": partial(chain, merchants=100),
    "chain-1000-merchants": partial(chain, merchants=1000),
    "wechatpayv3-async": wechatpayv3_async,
    "wechatpayv3-sync": wechatpayv3_sync,
}


async def burst(job: Job, concurrency: int, calls: int) -> list[float]:
    """So many calls, so many of them at once; how long each took."""
    taken: list[float] = []
    left = calls

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            started = time.perf_counter()
            await job()
            taken.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(concurrency, calls)):
            tasks.create_task(work())
    return taken


async def watch(stalls: list[float]) -> None:
    """How late the loop comes back to a task that sleeps for a millisecond."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(_TICK)
        stalls.append(time.perf_counter() - started - _TICK)


async def measured(job: Job, order: dict[str, Any]) -> dict[str, float]:
    """One burst, and all that is to be known of it."""
    stalls: list[float] = []
    watching = asyncio.create_task(watch(stalls)) if order.get("watch") else None
    cpu, started = time.process_time(), time.perf_counter()
    taken = sorted(await burst(job, order["concurrency"], order["calls"]))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if watching is not None:
        watching.cancel()
    return {
        "rate": len(taken) / seconds,
        "cpu": cpu / len(taken),
        "p50": taken[len(taken) // 2],
        "p99": taken[len(taken) * 99 // 100],
        "stall": max(stalls, default=0.0),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def kilobytes() -> float:
    """The memory in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


async def waiting(job: Job, calls: int, next_line: Callable[[], Awaitable[str]]) -> dict[str, float]:
    """The memory of each of so many calls that wait for their answers; the next line says that all of them do."""
    before = kilobytes()
    tasks = [asyncio.create_task(job()) for _ in range(calls)]
    await next_line()
    used = (kilobytes() - before) / calls
    print(json.dumps({"kilobytes": used}), flush=True)
    await asyncio.gather(*tasks)
    return {"kilobytes": used}


async def main(name: str) -> None:
    """Serve bursts until the input ends."""
    allow_many_sockets()
    loop = asyncio.get_running_loop()

    async def next_line() -> str:
        return await loop.run_in_executor(None, sys.stdin.readline)

    async with CONTESTANTS[name](json.loads(sys.stdin.readline())) as job:
        while line := await next_line():
            order = json.loads(line)
            done = await waiting(job, order["waiting"], next_line) if "waiting" in order else await measured(job, order)
            print(json.dumps(done), flush=True)


if __name__ == "__main__":
    if "uvloop" in sys.argv[2:]:
        import uvloop

        uvloop.run(main(sys.argv[1]))
    else:
        asyncio.run(main(sys.argv[1]))
