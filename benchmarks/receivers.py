"""What the adapters of web frameworks take of a receiver's rate: `python -m benchmarks.receivers`.

A notification through Starlette (FastAPI's routes are such) and through aiohttp.web, once by the package's adapter with
a handler that does nothing, once by a handler of the framework's own that does the same sums by hand. Starlette's
application is called without a socket, aiohttp's over loopback by a client that writes one request over and over. They
take turns; the median of the ratios counts. Exits with 1 when an adapter makes less than it must.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median, quantiles
from typing import Any

import orjson
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.figures import table
from wechatpay_chain import Notification, Webhook
from wechatpay_chain.contrib import aiohttp as aiohttp_adapter
from wechatpay_chain.contrib import starlette as starlette_adapter
from wechatpay_chain.crypto import aead, rsa
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.wire import v3

LEAST = 0.8
ROUNDS, CALLS = 40, 100
KEY = b"0123456789abcdefghijklmnopqrstuv"
PLAIN = b'{"mchid":"1900000109","out_trade_no":"A1","transaction_id":"42","trade_state":"SUCCESS","amount":{"total":1}}'
DONE = b'{"code":"SUCCESS","message":"OK"}'
PAIR = KeyPair.wechatpay()
PRIVATE: Any = PAIR.private_key
PUBLIC: Any = PRIVATE.public_key()

Job = Callable[[], Awaitable[None]]


def notification() -> tuple[dict[str, str], bytes]:
    """The headers and the body of a payment's notification."""
    sealed = {"algorithm": "AEAD_AES_256_GCM", "nonce": "0123456789ab", "associated_data": "transaction"}
    ciphertext = aead.encrypt(KEY, b"0123456789ab", PLAIN, b"transaction")
    body = orjson.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-11-23T10:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {**sealed, "original_type": "transaction", "ciphertext": ciphertext},
        }
    )
    timestamp, nonce = str(int(time.time())), "N" * 32
    signature = rsa.sign(PRIVATE, v3.answer_message(timestamp, nonce, body))
    return {
        "Host": "shop.example",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": PAIR.serial,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": v3.SCHEME,
    }, body


def by_hand(headers: Any, body: bytes) -> None:
    """The sums that any receiver must do."""
    signed = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    PUBLIC.verify(base64.b64decode(headers["Wechatpay-Signature"]), signed, padding.PKCS1v15(), hashes.SHA256())
    told = orjson.loads(body)["resource"]
    associated = told["associated_data"].encode()
    orjson.loads(AESGCM(KEY).decrypt(told["nonce"].encode(), base64.b64decode(told["ciphertext"]), associated))


def new_webhook() -> Webhook:
    """A webhook whose handler does nothing; every notification is new to it, as real ones are."""
    certs = {PAIR.serial: PAIR.public_pem}
    webhook = Webhook(apiv3_key=KEY, certs=certs, seen_key=lambda _: str(time.perf_counter_ns()))

    @webhook.on("TRANSACTION.SUCCESS")
    async def paid(_: Notification[Any]) -> None:
        pass

    return webhook


def starlette_jobs(headers: dict[str, str], body: bytes) -> dict[str, Job]:
    """One request to Starlette, by hand and by the adapter."""

    async def receive_by_hand(request: Request) -> Response:
        by_hand(request.headers, await request.body())
        return Response(DONE, media_type="application/json")

    application = Starlette(
        routes=[
            Route("/hand", receive_by_hand, methods=["POST"]),
            Route("/adapter", starlette_adapter.endpoint(new_webhook()), methods=["POST"]),
        ]
    )
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    def job(path: str) -> Job:
        async def call() -> None:
            scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": raw}
            statuses: list[int] = []

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: Any) -> None:
                statuses.append(message.get("status", 200))

            await application(scope, receive, send)
            if set(statuses) != {200}:
                raise ValueError(statuses)

        return call

    return {"by hand": job("/hand"), "adapter": job("/adapter")}


async def aiohttp_jobs(headers: dict[str, str], body: bytes) -> tuple[dict[str, Job], web.AppRunner]:
    """One request to aiohttp.web, by hand and by the adapter."""

    async def receive_by_hand(request: web.Request) -> web.Response:
        by_hand(request.headers, await request.read())
        return web.Response(body=DONE, content_type="application/json")

    application = web.Application()
    application.router.add_post("/hand", receive_by_hand)
    application.router.add_post("/adapter", aiohttp_adapter.handler(new_webhook()))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])

    def job(path: str) -> Job:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body

        async def call() -> None:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            if not head.startswith(b"http/1.1 200"):
                raise ValueError(head)

        return call

    return {"by hand": job("/hand"), "adapter": job("/adapter")}, runner


async def rate(job: Job) -> float:
    """Notifications per second of processor time."""
    started = time.process_time()
    for _ in range(CALLS):
        await job()
    return CALLS / (time.process_time() - started)


async def main() -> int:
    """Measure and print."""
    headers, body = notification()
    of_aiohttp, runner = await aiohttp_jobs(headers, body)
    rows: list[list[str]] = []
    least = 1.0
    for name, jobs in {"Starlette, FastAPI": starlette_jobs(headers, body), "aiohttp": of_aiohttp}.items():
        rounds = [(await rate(jobs["by hand"]), await rate(jobs["adapter"])) for _ in range(ROUNDS)][1:]
        low, middle, high = quantiles([adapter / hand for hand, adapter in rounds], n=4)
        per_second = [f"{median(column):,.0f}" for column in zip(*rounds, strict=True)]
        rows.append([name, *per_second, f"{middle:.2f}", f"({low:.2f} to {high:.2f})"])
        least = min(least, middle)
    await runner.cleanup()
    print(table(["notifications a second", "by hand", "adapter", "of it", "quartiles"], rows))
    print(f"the adapters make {least:.2f} of the framework's own rate (at least {LEAST})")
    return 0 if least >= LEAST else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
