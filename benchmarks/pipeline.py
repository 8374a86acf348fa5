"""What the package itself takes of a call: the chain, the request, each middleware alone, and all of them together.

    python -m benchmarks.pipeline

The transport answers at once, and RSA is left out where it says so: its sums are replaced by constants of the right
size. Each figure is the median of many short rounds, all of them interleaved; in brackets the fastest round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.answering import ORDER, PATH, make_keys
from benchmarks.figures import save, table
from wechatpay_chain import Chain, Handler, Middleware, Request, Response, WeChatPay
from wechatpay_chain.catalogue import find
from wechatpay_chain.client.options import Options
from wechatpay_chain.crypto import rsa
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.middleware import standard
from wechatpay_chain.pipeline import compose, steps_of
from wechatpay_chain.policies.ratelimit import RateLimits
from wechatpay_chain.wire import signature_types

Job = Callable[[], Awaitable[object]]

ROUNDS, CALLS = 80, 250
CONTENT = b'{"wxpay_recover_no":"2026112400000000000000000002"}'


class NoRSA:
    """A signer that signs nothing."""

    async def sign(self, message: bytes) -> bytes:  # noqa: ARG002 - a signer's shape
        """As many bytes as a signature has."""
        return bytes(256)


def answer_of(serial: str) -> Response[Any]:
    """An answer whose headers are in order; its signature is none."""
    headers = {
        "Server": "nginx",
        "Date": "Tue, 24 Nov 2026 00:00:00 GMT",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(CONTENT)),
        "Request-ID": "08D7E8D1B1066AF70E18A0FF8EC902-0",
        "Wechatpay-Nonce": "N" * 32,
        "Wechatpay-Signature": "A" * 344,
        "Wechatpay-Timestamp": str(int(time.time())),
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": signature_types.RSA,
    }
    return Response(status=200, headers=Headers(headers), content=CONTENT)


async def microseconds(job: Job) -> float:
    """How long one takes, on average over some."""
    started = time.perf_counter()
    for _ in range(CALLS):
        await job()
    return (time.perf_counter() - started) / CALLS * 1e6


@contextmanager
def without_rsa() -> Iterator[None]:
    """RSA by name only."""
    kept = rsa.verify, rsa.encrypt
    rsa.verify, rsa.encrypt = lambda *_: None, lambda *_: "A" * 344
    try:
        yield
    finally:
        rsa.verify, rsa.encrypt = kept


def chains(wxpay: WeChatPay) -> dict[str, Job]:
    """What comes before the pipeline."""
    made: list[Request] = []
    building = Chain(made.append, str(wxpay.v3.aggracctBc.wbChannel.controlOrders.recover))

    async def hops() -> None:
        _ = wxpay.v3.aggracctBc.wbChannel.controlOrders.recover

    async def request() -> None:
        building.post(json=ORDER)
        made.clear()

    async def looked_up() -> None:
        find("POST", PATH)

    return {"five cached hops of a chain": hops, "verb to Request": request, "look-up of the operation": looked_up}


async def steps(middlewares: Sequence[Middleware], answer: Response[Any]) -> dict[str, Job]:
    """Each middleware alone; it is given what it would be given in its place."""
    given: list[Request] = []

    async def nothing(_: Request) -> Response[Any]:
        return answer

    async def seen(request: Request, call_next: Handler) -> Response[Any]:
        given.append(request)
        return await call_next(request)

    spied = [step for middleware in middlewares for step in (seen, middleware)]
    await compose(spied, nothing)(Request(method="POST", template=PATH, json=ORDER, operation=find("POST", PATH)))

    def alone(middleware: Middleware, request: Request) -> Job:
        handler = compose((middleware,), nothing)
        return lambda: handler(request)

    return {
        f"  {type(middleware).__name__}": alone(middleware, request)
        for middleware, request in zip(middlewares, given, strict=True)
    }


async def main() -> None:
    """Measure and print."""
    keys = make_keys()
    certs = {keys["public_key_id"]: keys["public_key"]}
    answer = answer_of(keys["public_key_id"])
    wide = RateLimits(overrides={f"POST {PATH}": "900000000/s"})

    async def transport(_: Request) -> Response[Any]:
        return answer

    async def bare() -> None:
        pass

    wxpay, unlimited = (
        WeChatPay(keys["mchid"], keys["serial"], NoRSA(), certs, transport=transport, rate_limits=limits)
        for limits in (wide, RateLimits(overrides={f"POST {PATH}": None}))
    )
    options = Options(mchid=keys["mchid"], serial=keys["serial"], private_key=NoRSA(), certs=certs, rate_limits=wide)
    with without_rsa():
        jobs = {
            "bare": bare,
            **chains(wxpay),
            **await steps(steps_of("v3", standard(options)), answer),
            "whole call without RSA and socket": lambda: wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(
                json=ORDER
            ),
            "the same without a limit": lambda: unlimited.v3.aggracctBc.wbChannel.controlOrders.recover.post(
                json=ORDER
            ),
        }
        taken: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(ROUNDS + 1):
            for name, job in jobs.items():
                taken[name].append(await microseconds(job))
    idle = taken.pop("bare")
    rows: list[list[str]] = []
    for name, times in taken.items():
        net = [time - bare for time, bare in zip(times, idle, strict=True)][1:]
        rows.append([name, f"{median(net):.2f}", f"({min(net):.2f})"])
    print(table(["", "us", "least"], rows))
    save("pipeline", {name.strip(): float(figure) for name, figure, _ in rows})


if __name__ == "__main__":
    asyncio.run(main())
