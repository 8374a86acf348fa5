"""What the adapters of web frameworks take of a receiver's rate: `python -m benchmarks.receivers`.

Notifications through Starlette (FastAPI's routes are such) served by uvicorn, and through aiohttp.web, once by the
package's adapter with a handler that does nothing, once by a handler of the framework's own that does the same sums by
hand. The client is a process of its own, whose eight connections send one notification after another; the processor
time of the servers' process alone counts. By hand and by adapter take turns, and the median of the ratios counts. Exits
with 1 when an adapter makes less than it must.

The last row calls Starlette's application without server and socket. It is told and not counted: no notification comes
that way, and nothing shares the turn of the loop that a handler takes there.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median, quantiles
from typing import Any

import orjson
import uvicorn
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
from wechatpay_chain.wire import signature_types, v3

LEAST = 0.8
UNSERVED = "Starlette without a server"
ROUNDS, CALLS = 40, 160
CONNECTIONS = 8
KEY = b"0123456789abcdefghijklmnopqrstuv"
PLAIN = b'{"mchid":"1900000109","out_trade_no":"A1","transaction_id":"42","trade_state":"SUCCESS","amount":{"total":1}}'
DONE = b'{"code":"SUCCESS","message":"OK"}'
PAIR = KeyPair.wechatpay()
PRIVATE: Any = PAIR.private_key
PUBLIC: Any = PRIVATE.public_key()
CIPHER = AESGCM(KEY)
SCHEME, SHA256 = padding.PKCS1v15(), hashes.SHA256()

Job = Callable[[], Awaitable[None]]
"""Has `CALLS` notifications received."""


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
        "Wechatpay-Signature-Type": signature_types.RSA,
    }, body


def by_hand(headers: Any, body: bytes) -> None:
    """The sums that any receiver must do."""
    signed = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    PUBLIC.verify(base64.b64decode(headers["Wechatpay-Signature"]), signed, SCHEME, SHA256)
    told = orjson.loads(body)["resource"]
    associated = told["associated_data"].encode()
    orjson.loads(CIPHER.decrypt(told["nonce"].encode(), base64.b64decode(told["ciphertext"]), associated))


def new_webhook() -> Webhook:
    """A webhook whose handler does nothing; every notification is new to it, as real ones are."""
    certs = {PAIR.serial: PAIR.public_pem}
    webhook = Webhook(apiv3_key=KEY, certs=certs, seen_key=lambda _: str(time.perf_counter_ns()))

    @webhook.on("TRANSACTION.SUCCESS")
    async def paid(_: Notification[Any]) -> None:
        pass

    return webhook


def starlette_applications() -> dict[str, Starlette]:
    """Receivers by hand and by the adapter."""

    async def receive_by_hand(request: Request) -> Response:
        by_hand(request.headers, await request.body())
        return Response(DONE, media_type="application/json")

    endpoints = {"by hand": receive_by_hand, "adapter": starlette_adapter.endpoint(new_webhook())}
    return {name: Starlette(routes=[Route("/", made, methods=["POST"])]) for name, made in endpoints.items()}


def aiohttp_applications() -> dict[str, web.Application]:
    """Receivers by hand and by the adapter."""

    async def receive_by_hand(request: web.Request) -> web.Response:
        by_hand(request.headers, await request.read())
        return web.Response(body=DONE, content_type="application/json")

    made = {"by hand": web.Application(), "adapter": web.Application()}
    made["by hand"].router.add_post("/", receive_by_hand)
    made["adapter"].router.add_post("/", aiohttp_adapter.handler(new_webhook()))
    return made


def called(application: Starlette, headers: dict[str, str], body: bytes) -> Job:
    """Calls an application without a server."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def call() -> None:
        for _ in range(CALLS):
            scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
            statuses: list[int] = []

            async def send(message: Any, statuses: list[int] = statuses) -> None:
                statuses.append(message.get("status", 200))

            await application(scope, receive, send)
            if set(statuses) != {200}:
                raise ValueError(statuses)

    return call


@asynccontextmanager
async def served(application: Starlette | web.Application) -> AsyncGenerator[int]:
    """The port of an application's server."""
    if isinstance(application, web.Application):
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
        await runner.cleanup()
    else:
        server = uvicorn.Server(
            uvicorn.Config(application, port=0, http="httptools", lifespan="off", access_log=False, log_level="warning")
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this attribute alone
            await asyncio.sleep(0.01)
        yield int(server.servers[0].sockets[0].getsockname()[1])
        server.should_exit = True
        await serving


@asynccontextmanager
async def sender(headers: dict[str, str], body: bytes) -> AsyncGenerator[Process]:
    """The process of a client that sends a notification over and over."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.receivers", "send", stdin=PIPE, stdout=PIPE
    )
    await say(process, {"request": f"POST / HTTP/1.1\r\n{lines}\r\n{body.decode()}"})
    yield process
    await process.communicate(b"")


async def say(process: Process, value: object) -> None:
    """Tell a process something, and wait for its answer."""
    if process.stdin and process.stdout:
        process.stdin.write(orjson.dumps(value) + b"\n")
        if not await process.stdout.readline():
            raise RuntimeError(f"the client ended with {await process.wait()}")


def sent(process: Process, port: int) -> Job:
    """Has a client send notifications to a server."""

    async def send() -> None:
        await say(process, {"port": port})

    return send


async def send() -> None:
    """The client: it reads what it is to send, and then ports to send it to."""
    request = json.loads(sys.stdin.readline())["request"].encode()
    print(flush=True)
    opened: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {}

    async def send_some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(CALLS // CONNECTIONS):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            if not head.startswith(b"http/1.1 200"):
                raise ValueError(head)

    while line := sys.stdin.readline():
        port = json.loads(line)["port"]
        if port not in opened:
            opened[port] = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        await asyncio.gather(*(send_some(*streams) for streams in opened[port]))
        print(flush=True)


async def rate(job: Job) -> float:
    """Notifications per second of processor time."""
    started = time.process_time()
    await job()
    return CALLS / (time.process_time() - started)


async def main() -> int:
    """Measure and print."""
    headers, body = notification()
    rows: list[list[str]] = []
    least = 1.0
    async with AsyncExitStack() as stack:
        applications: dict[str, Mapping[str, Starlette | web.Application]] = {
            "Starlette, FastAPI": starlette_applications(),
            "aiohttp": aiohttp_applications(),
        }
        ports = {
            name: {of: await stack.enter_async_context(served(application)) for of, application in pair.items()}
            for name, pair in applications.items()
        }
        # It ends before the servers do, which wait for its connections.
        client = await stack.enter_async_context(sender(headers, body))
        jobs = {name: {of: sent(client, port) for of, port in pair.items()} for name, pair in ports.items()}
        alone = starlette_applications()
        jobs[UNSERVED] = {of: called(application, headers, body) for of, application in alone.items()}
        for name, pair in jobs.items():
            rounds = [(await rate(pair["by hand"]), await rate(pair["adapter"])) for _ in range(ROUNDS)][1:]
            low, middle, high = quantiles([adapter / hand for hand, adapter in rounds], n=4)
            per_second = [f"{median(column):,.0f}" for column in zip(*rounds, strict=True)]
            rows.append([name, *per_second, f"{middle:.2f}", f"({low:.2f} to {high:.2f})"])
            least = least if name == UNSERVED else min(least, middle)
    print(table(["notifications a second", "by hand", "adapter", "of it", "quartiles"], rows))
    print(f"the adapters make {least:.2f} of the framework's own rate (at least {LEAST})")
    return 0 if least >= LEAST else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(send() if "send" in sys.argv else main()))
