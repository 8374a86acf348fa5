"""A client made of `http.client` and the kernel: it can be made to err in any way."""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire import signature_types, v3
from wechatpay_chain.wire.authorization import Authorization

PUNISH = "/v3/aggracct-bc/wb-channel/control-orders/punish"
RECOVER = "/v3/aggracct-bc/wb-channel/control-orders/recover"
QUERY = "/v3/aggracct-bc/wb-channel/control-orders/{}?control_type={}&mchid=1900000109"
ECHO = "/v3/security/echo"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class RawClient:
    """Sends what it is told to send, over a real socket."""

    def __init__(self, emulator: Emulator, base_url: str) -> None:
        self.emulator = emulator
        self.address = urlsplit(base_url).netloc

    def headers(self, method: str, target: str, signed: bytes = b"", **changes: Any) -> dict[str, str]:
        """The headers of a correct request; `changes` are made before it is signed."""
        values = {
            "signature_type": signature_types.RSA,
            "owner": self.emulator.mchid,
            "serial": self.emulator.merchant_key.serial,
            "nonce": v3.make_nonce(),
            "timestamp": str(int(time.time())),
        } | changes
        message = v3.request_message(method, target, values["timestamp"], values["nonce"], signed)
        signature = base64.b64encode(rsa.sign(self.emulator.merchant_key.rsa_key, message)).decode()
        return {
            "Accept": "application/json",
            "User-Agent": "raw",
            "Content-Type": "application/json",
            "Wechatpay-Serial": self.emulator.platform_keys[0].serial,
            "Authorization": str(Authorization(**{"signature": signature, **values})),
        }

    def send(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send bytes; signed correctly unless headers are given."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (self.headers(method, target, body) if headers is None else headers).items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, Headers(response.getheaders()), response.read())
        finally:
            connection.close()

    def post(self, target: str, payload: Any) -> Answer:
        """Send JSON, signed correctly."""
        return self.send("POST", target, json.dumps(payload).encode())

    def seal(self, plaintext: str) -> str:
        """The ciphertext of a secret."""
        return rsa.encrypt(self.emulator.platform_keys[0].rsa_key.public_key(), plaintext)

    def order(self, number: str = "A1", total: int = 100, **members: Any) -> dict[str, Any]:
        """A complete payload of a Native order."""
        return {
            "appid": "wxd678efh567hg6787",
            "mchid": self.emulator.mchid,
            "description": "coffee",
            "out_trade_no": number,
            "notify_url": "https://shop.example/notify",
            "amount": {"total": total, "currency": "CNY"},
            **members,
        }

    def punishment(self, number: str = "P1", account: str = "6222 0000 1111", **members: Any) -> dict[str, Any]:
        """A complete payload of punish."""
        return {
            "out_request_no": number,
            "mchid": "1900000109",
            "bal_account_no": self.seal(account),
            "punish_scene": 1,
            **members,
        }

    def recovery(
        self, punish_no: str, number: str = "R1", account: str = "6222 0000 1111", **members: Any
    ) -> dict[str, Any]:
        """A complete payload of recover."""
        return {
            "out_request_no": number,
            "related_webank_punish_no": "P1",
            "related_wxpay_punish_no": punish_no,
            "mchid": "1900000109",
            "bal_account_no": self.seal(account),
            "recover_reason": "identity confirmed",
            **members,
        }
