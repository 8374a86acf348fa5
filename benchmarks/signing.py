"""Where signatures are made fastest, by the number of calls at once: for the constants of credentials/signing.py.

    python -m benchmarks.signing

Each call is signed, written and awaited over a socket pair, as a call over the network is, without the package's other
steps. Printed are calls per second: signed in the loop, in threads, and many together; each round measures all three.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from statistics import median

import orjson

from wechatpay_chain.credentials.signing import SigningBatch, SigningPool
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import KeyPair

KEY = KeyPair.merchant().rsa_key
AT_ONCE = (1, 2, 4, 8, 16, 24, 32, 64, 128)
THREADS = (1, 2, 4)
ROUNDS, CALLS = 5, 256
BODY = {"out_trade_no": "T1", "amount": {"total": 1, "currency": "CNY"}, "description": "x" * 200}

Sign = Callable[[bytes], Awaitable[bytes]]


async def rate(sign: Sign, at_once: int) -> float:
    """Calls per second of so many at once."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    loop, left = asyncio.get_running_loop(), iter(range(CALLS))

    async def calls() -> None:
        for number in left:
            body = orjson.dumps({**BODY, "number": number})
            signature = await sign(body)
            await loop.sock_sendall(ours, body + signature)
            await loop.sock_recv(theirs, 4096)
            orjson.loads(body)

    started = time.perf_counter()
    await asyncio.gather(*(calls() for _ in range(at_once)))
    seconds = time.perf_counter() - started
    ours.close()
    theirs.close()
    return CALLS / seconds


async def main() -> None:
    """Measure each way, and print the medians."""
    loop = asyncio.get_running_loop()
    batch = SigningBatch(loop)

    async def in_the_loop(message: bytes) -> bytes:
        return rsa.sign(KEY, message)

    ways: dict[str, Sign] = {"loop": in_the_loop, "together": lambda message: batch.sign(KEY, message)}
    for threads in THREADS:
        pool = SigningPool(loop, threads)
        ways[f"{threads} thread{'s'[: threads > 1]}"] = lambda message, pool=pool: pool.sign(KEY, message)
    print("at once " + "".join(f"{name:>12}" for name in ways))
    for at_once in AT_ONCE:
        measured: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, sign in ways.items():
                measured[name].append(await rate(sign, at_once))
        print(f"{at_once:7} " + "".join(f"{median(rates):12.0f}" for rates in measured.values()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
