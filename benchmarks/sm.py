"""SM2 by every engine of this machine: how long each sum takes, whether decryption tells of the key, and the stalls.

    python -m benchmarks.sm

The demands: signing and verifying under 0.7 ms with libcrypto, whose decryption takes as long with one key as with
another. Printed are medians in microseconds, of interleaved rounds. The last table is of a client and the emulator in
one event loop, so its stalls are those of the emulator's sums, which are made in the loop.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from statistics import median

from wechatpay_chain import WeChatPay
from wechatpay_chain.crypto.sm import engines, sm2
from wechatpay_chain.crypto.sm.curve import N
from wechatpay_chain.crypto.sm.engines import Engine
from wechatpay_chain.crypto.sm.gmssl import Gmssl
from wechatpay_chain.crypto.sm.plain import Plain
from wechatpay_chain.emulator import Emulator, KeyPair

from .figures import table

ROUNDS = 300
ALLOWED = 700  # microseconds, of libcrypto's signing and verifying
MESSAGE = b"POST\n/v3/pay/transactions/native\n1700000000\n" + b"x" * 300
ACCOUNT = b"6222000011112222"
KEYS = {
    "d = 3": 3,
    "d = 2^200": 1 << 200,
    "all ones": N - 2,
    "random": secrets.randbelow(N - 3) + 1,
    "another": secrets.randbelow(N - 3) + 1,
}
CALLS, AT_ONCE = 200, 20


def microseconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e6


def medians(functions: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """How long each takes, in rounds that take them in another order each."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name in random.sample(list(functions), len(functions)):
            taken[name].append(microseconds(functions[name]))
    return {name: median(times) for name, times in taken.items()}


def sums(engine: Engine) -> dict[str, float]:
    """How long the four sums of an engine take."""
    key = sm2.generate()
    signature, ciphertext = engine.sign(key, MESSAGE), engine.encrypt(key.public, ACCOUNT)
    return medians(
        {
            "sign": lambda: engine.sign(key, MESSAGE),
            "verify": lambda: engine.verify(key.public, MESSAGE, signature),
            "encrypt": lambda: engine.encrypt(key.public, ACCOUNT),
            "decrypt": lambda: engine.decrypt(key, ciphertext),
        }
    )


def decryption_by_key(engine: Engine) -> dict[str, float]:
    """How long an engine decrypts with one key or another."""
    functions: dict[str, Callable[[], object]] = {}
    for name, number in KEYS.items():
        key = sm2.private_key(number.to_bytes(32, "big"))
        ciphertext = engine.encrypt(key.public, ACCOUNT)
        functions[name] = lambda key=key, ciphertext=ciphertext: engine.decrypt(key, ciphertext)
    return medians(functions)


async def stalls(algorithm: str) -> tuple[float, float]:
    """Calls per second of a client with the emulator in the same process, and the longest stall of a tick, in ms."""
    emulator = Emulator(merchant_key=KeyPair.merchant("SM2" if algorithm == "SM2" else "RSA"))
    pauses: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - before - 0.001)

    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        ticking, left = asyncio.create_task(tick()), iter(range(CALLS))
        await wxpay["v3/security/echo"].post(json={"echo_message": "x"})
        pauses.clear()

        async def calls() -> None:
            for _ in left:
                await wxpay["v3/security/echo"].post(json={"echo_message": "x", "encrypted_echo_message": "secret"})

        started = time.perf_counter()
        await asyncio.gather(*(calls() for _ in range(AT_ONCE)))
        seconds = time.perf_counter() - started
        ticking.cancel()
    return CALLS / seconds, 1000 * median(sorted(pauses)[-10:])


def main() -> None:
    """Measure, print, and say whether the demands are met."""
    found: list[Engine] = [engines.engine(), Gmssl(), Plain()]
    by_engine = {engine.name: sums(engine) for engine in found}
    names = ["sign", "verify", "encrypt", "decrypt"]
    print(f"microseconds, medians of {ROUNDS} rounds")
    print(
        table(["engine", *names], [[name, *(f"{row[sum_]:.0f}" for sum_ in names)] for name, row in by_engine.items()])
    )
    first = by_engine[found[0].name]
    met = max(first["sign"], first["verify"]) < ALLOWED
    print(f"\n{found[0].name} signs and verifies under {ALLOWED}: {'yes' if met else 'NO'}")
    print("\ndecryption by the private key, microseconds")
    rows: list[list[str]] = []
    for engine in found:
        times = decryption_by_key(engine)
        rows.append(
            [
                engine.name,
                *(f"{each:.0f}" for each in times.values()),
                f"{max(times.values()) / min(times.values()):.2f}",
            ]
        )
    print(table(["engine", *KEYS, "most / least"], rows))
    print(f"\n{CALLS} calls with a secret each, {AT_ONCE} at once, the emulator in the same process")
    told = [(algorithm, *asyncio.run(stalls(algorithm))) for algorithm in ("RSA", "SM2")]
    print(
        table(["key", "calls/s", "stalls, ms"], [[name, f"{rate:.0f}", f"{stall:.1f}"] for name, rate, stall in told])
    )


if __name__ == "__main__":
    main()
