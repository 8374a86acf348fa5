"""A platform that answers at once, in a process of its own: what is measured is the client.

Its answers are signed beforehand, once a minute. One request in 256 is checked as the platform would, its secret field
decrypted: a contestant that signs or seals wrongly is refused, and its run fails.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

PATH = "/v3/aggracct-bc/wb-channel/control-orders/recover"
ACCOUNT = "6222 0000 1111"
ORDER: Any = {
    "out_request_no": "R20261124000001",
    "related_webank_punish_no": "W20261124000001",
    "related_wxpay_punish_no": "2026112400000000000000000001",
    "mchid": "1900000109",
    "bal_account_no": ACCOUNT,
    "recover_reason": "identity confirmed",
}
_ANSWER = b'{"wxpay_recover_no":"2026112400000000000000000002"}'
_CHECKED = 256
_FRESH = 60.0


def make_keys() -> dict[str, str]:
    """Fresh keys of both sides, as text that goes to every contestant."""
    merchant, platform = KeyPair.merchant(), KeyPair.wechatpay()
    return {
        "mchid": "1900000109",
        "serial": merchant.serial,
        "private_key": merchant.private_pem,
        "public_key_id": platform.serial,
        "public_key": platform.public_pem,
        "platform_key": platform.private_pem,
    }


class Answering:
    """Such a platform, which ends with the block.

    Args:
        keys: of both sides.
        checks: whether it looks at requests.

    Attributes:
        base_url: where it is.
        holds: while set, it answers nobody.
        held: how many wait for their answers.
    """

    def __init__(self, keys: Mapping[str, str], *, checks: bool = True) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self.holds, self.held = context.Event(), context.Value("i", 0)
        self._process = context.Process(
            target=_serve, args=(dict(keys), theirs, self.holds, self.held, checks), daemon=True
        )
        self._process.start()
        self.base_url = f"http://127.0.0.1:{ours.recv()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def allow_many_sockets() -> None:
    """As many open files as this user may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Platform:
    def __init__(self, keys: Mapping[str, str], *, checks: bool) -> None:
        self._checks = checks
        self._merchant: Any = load_pem_private_key(keys["private_key"].encode(), None)
        self._own: Any = load_pem_private_key(keys["platform_key"].encode(), None)
        self._serial = keys["public_key_id"]
        self._made = -_FRESH
        self._answer = b""
        self._count = 0

    def answer(self, head: bytes, body: bytes) -> bytes:
        self._count += 1
        if self._checks and self._count % _CHECKED == 1:
            self._check(head.decode("latin-1"), body)
        now = time.monotonic()
        if now - self._made > _FRESH:
            self._made, self._answer = now, self._sign()
        return self._answer

    def _check(self, head: str, body: bytes) -> None:
        line, *lines = head.split("\r\n")
        method, target, _ = line.split(" ")
        headers = Headers((name, value.strip()) for name, _, value in (text.partition(":") for text in lines))
        said = Authorization.parse(headers["Authorization"])
        message = v3.request_message(method, target, said.timestamp, said.nonce, body)
        rsa.verify(self._merchant.public_key(), message, said.signature)
        if rsa.decrypt(self._own, json.loads(body)["bal_account_no"]) != ACCOUNT:
            raise ValueError("the account was not sealed")

    def _sign(self) -> bytes:
        timestamp, nonce = str(int(time.time())), v3.make_nonce()
        signature = base64.b64encode(rsa.sign(self._own, v3.answer_message(timestamp, nonce, _ANSWER))).decode()
        head = (
            "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\n"
            f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(_ANSWER)}\r\n"
            "Connection: keep-alive\r\nKeep-Alive: timeout=8\r\nCache-Control: no-cache, must-revalidate\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Language: zh-CN\r\n"
            "Request-ID: 08D7E8D1B1066AF70E18A0FF8EC902-0\r\n"
            f"Wechatpay-Nonce: {nonce}\r\nWechatpay-Signature: {signature}\r\nWechatpay-Timestamp: {timestamp}\r\n"
            f"Wechatpay-Serial: {self._serial}\r\nWechatpay-Signature-Type: {signature_types.RSA}\r\n\r\n"
        )
        return head.encode() + _ANSWER


class _Connection(asyncio.Protocol):
    def __init__(self, platform: _Platform, hold: _Hold) -> None:
        self._platform = platform
        self._hold = hold
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self._received = rest[length:]
            try:
                answer = self._platform.answer(head, rest[:length])
            except Exception as error:
                print(f"the platform refuses: {error!r}", file=sys.stderr)
                self._transport.close()
                raise
            self._hold.write(self._transport, answer)


class _Hold:
    """Keeps answers back for as long as it is told to."""

    def __init__(self, holds: Any, held: Any) -> None:
        self._holds = holds
        self._held = held
        self._kept: list[tuple[Any, bytes]] = []
        self.is_holding = False

    def write(self, transport: Any, answer: bytes) -> None:
        if not self.is_holding:
            transport.write(answer)
            return
        self._kept.append((transport, answer))
        self._held.value = len(self._kept)

    async def obey(self) -> None:
        while True:
            self.is_holding = self._holds.is_set()
            if not self.is_holding and self._kept:
                for transport, answer in self._kept:
                    transport.write(answer)
                self._kept.clear()
                self._held.value = 0
            await asyncio.sleep(0.05)


async def _run(keys: dict[str, str], started: Connection, holds: Any, held: Any, checks: bool) -> None:
    allow_many_sockets()
    platform, hold = _Platform(keys, checks=checks), _Hold(holds, held)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(platform, hold), "127.0.0.1", 0, backlog=4096)
    started.send(server.sockets[0].getsockname()[1])
    await asyncio.gather(server.serve_forever(), hold.obey())


def _serve(keys: dict[str, str], started: Connection, holds: Any, held: Any, checks: bool) -> None:
    asyncio.run(_run(keys, started, holds, held, checks))
