"""The platform's half of notifications, for tests: makes them, signs them, and forges them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wechatpay_chain import Brand, Webhook
from wechatpay_chain.crypto import aead, asymmetric, ecb
from wechatpay_chain.crypto.asymmetric import Algorithm
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.wire import signature_types, v2, v3

APIV3_KEY = "0123456789abcdefghijklmnopqrstuv"
APIV2_KEY = "192006250b4c09247ec02edce69f6a2d"
PAYMENT = {"out_trade_no": "A1", "transaction_id": "42", "trade_state": "SUCCESS", "amount": {"total": 1}}

Message = tuple[dict[str, str], bytes]


@dataclass
class Sending:
    """What this module's messages are signed as: a merchant's, a brand's, or those of a merchant in SM mode."""

    signature_type: str = signature_types.RSA

    @property
    def algorithm(self) -> Algorithm:
        """Of the platform's key that signs."""
        return "SM2" if self.signature_type == signature_types.SM2 else "RSA"


sending = Sending()


def public_key() -> KeyPair:
    """A WeChat Pay public key, in SM mode the platform's certificate of SM2."""
    return _fresh("platform", sending.algorithm)


@cache
def _fresh(_whose: str, algorithm: Algorithm) -> KeyPair:
    """A key; making one takes time, so the tests share it."""
    return KeyPair.wechatpay() if algorithm == "RSA" else KeyPair.certified(algorithm=algorithm)


@cache
def certificate() -> KeyPair:
    """A platform certificate."""
    return KeyPair.certified()


@cache
def sm_certificate() -> KeyPair:
    """A platform certificate of SM2."""
    return KeyPair.certified(algorithm="SM2")


def stranger() -> KeyPair:
    """A key that nobody believes."""
    return _fresh("stranger", sending.algorithm)


@cache
def brand_pair() -> KeyPair:
    """A brand's key."""
    return KeyPair.merchant()


@cache
def brand_public_key() -> KeyPair:
    """The WeChat Pay public key of a brand."""
    return KeyPair.wechatpay()


def merchant() -> KeyPair:
    """The merchant's key."""
    return _merchant(sending.algorithm)


@cache
def _merchant(algorithm: Algorithm) -> KeyPair:
    return KeyPair.merchant(algorithm)


def certs(*pairs: KeyPair) -> dict[str, str]:
    """What a merchant configures of these keys."""
    return {pair.serial: pair.public_pem for pair in pairs or (public_key(), certificate())}


def brand_owner() -> Brand:
    """A brand whose notifications are sent with the public key, and sealed with the usual API key."""
    return Brand("1004", merchant().serial, merchant().private_key, certs(public_key()), api_key=APIV3_KEY)


def webhook(**options: Any) -> Webhook:
    """A webhook that reads what this module sends; of a brand, one that reads a merchant's notifications too."""
    usual: dict[str, Any] = {"apiv3_key": APIV3_KEY, "certs": certs(), "apiv2_key": APIV2_KEY}
    if sending.signature_type == signature_types.BRAND:
        usual |= {"apiv3_key": "m" * 32, "certs": certs(certificate()), "brand": brand_owner()}
    return Webhook(**{**usual, **options})


@dataclass(frozen=True)
class Envelope:
    """A notification before it is written; every part of it can be made wrong."""

    resource: Any = field(default_factory=lambda: PAYMENT)
    event_type: str = "TRANSACTION.SUCCESS"
    original_type: str | None = "transaction"
    id: str = "EV-1"
    summary: str = "支付成功"
    apiv3_key: str = APIV3_KEY
    associated_data: str | None = "transaction"
    algorithm: str = field(default_factory=lambda: signature_types.SEALED_WITH[sending.signature_type])

    def body(self, **changes: Any) -> bytes:
        """The body as the platform writes it: compact, Chinese characters as they are."""
        plaintext = json.dumps(self.resource, ensure_ascii=False).encode()
        nonce = "0123456789ab"
        sealed = {
            "algorithm": self.algorithm,
            "ciphertext": aead.encrypt(
                self.apiv3_key.encode(),
                nonce.encode(),
                plaintext,
                (self.associated_data or "").encode(),
                algorithm=self.algorithm,
            ),
            "nonce": nonce,
            "associated_data": self.associated_data,
            "original_type": self.original_type,
        }
        envelope = {
            "id": self.id,
            "create_time": "2026-11-23T10:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": self.event_type,
            "summary": self.summary,
            "resource": {name: value for name, value in sealed.items() if value is not None},
            **changes,
        }
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def sign(body: bytes, *, pair: KeyPair | None = None, now: float | None = None, nonce: str = "N0nce") -> dict[str, str]:
    """The headers of a notification with this body."""
    pair = pair or public_key()
    timestamp = str(int(time.time() if now is None else now))
    signature = asymmetric.sign(pair.private_key, v3.answer_message(timestamp, nonce, body))
    return {
        "Content-Type": "application/json",
        "Request-ID": "R1",
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": pair.serial,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": (
            signature_types.BRAND
            if sending.signature_type == signature_types.BRAND
            else signature_types.OF_MERCHANT[pair.algorithm]
        ),
    }


def notify(*, pair: KeyPair | None = None, now: float | None = None, **parts: Any) -> Message:
    """A genuine notification: its headers and its body."""
    body = Envelope(**parts).body()
    return sign(body, pair=pair, now=now), body


def xml(fields: Mapping[str, str], sign_type: v2.SignType | None = "MD5", key: str = APIV2_KEY) -> bytes:
    """An APIv2 notification, unsigned with `sign_type=None`."""
    signed = dict(fields)
    if sign_type:
        signed["sign"] = v2.sign(fields, key, sign_type)
    return v2.build(signed)


def refund(resource: Mapping[str, str], key: str = APIV2_KEY) -> bytes:
    """An APIv2 refund notice."""
    sealed = ecb.encrypt(key, v2.build(resource, "root"))
    return xml({"return_code": "SUCCESS", "mch_id": "1900000109", "nonce_str": "n", "req_info": sealed}, None)
