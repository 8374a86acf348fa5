"""Turns the value that a route returned into an answer: encrypts, numbers and signs it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ...catalogue import Operation
from ...catalogue.records import record
from ...crypto import asymmetric
from ...crypto.asymmetric import PublicKey
from ...http.headers import Headers
from ...http.response import Response
from ...wire import v3
from ...wire.sealing import field_tree, seal
from ...wire.signature_types import OF_MERCHANT, SignatureTypes
from .call import Answer
from .keys import KeyPair

SERVER = "wechatpay-chain-emulator"
"""The `Server` header of every answer, which shows that it is an emulator's."""

_JSON = Headers({"Content-Type": "application/json; charset=utf-8"})
_SYNTHETIC = Headers({"Emulator-Answer": "synthetic"})


def respond(value: Answer, operation: Operation | None, merchant_key: PublicKey) -> Response[Any]:
    """The answer for a route's value.

    Args:
        value: JSON values, None for no content, or a response, which stays as it is.
        operation: has the answer's status, and the fields that are encrypted for the merchant.
        merchant_key: encrypts them.
    """
    if isinstance(value, Response):
        return value
    status = record(operation.method, operation.path)["resp"].get("status") if operation else None
    if value is None:
        return Response(status=status or 204)
    marked = field_tree(operation.answer_secret_fields if operation else ())
    encrypt = _encrypt_pkcs1 if operation and operation.answer_padding == "pkcs1v15" else asymmetric.encrypt
    sealed = seal(value, marked, lambda plaintext, _pointer: encrypt(merchant_key, plaintext), "answer")
    return Response(status=status or 200, headers=_JSON, content=orjson.dumps(sealed))


def _encrypt_pkcs1(merchant_key: PublicKey, plaintext: str) -> str:
    if not isinstance(merchant_key, RSAPublicKey):
        return asymmetric.encrypt(merchant_key, plaintext)
    return base64.b64encode(merchant_key.encrypt(plaintext.encode(), PKCS1v15())).decode("ascii")


def number(response: Response[Any], ending: int) -> Response[Any]:
    """The answer with a fresh `Request-ID`, whose ending shows how the call ended: 0 for success."""
    return replace(
        response, headers=response.headers.merge({"Request-ID": f"08{secrets.token_hex(20).upper()}-{ending}"})
    )


def synthetic(response: Response[Any]) -> Response[Any]:
    """The answer, marked as one with synthetic values."""
    return response.changed(headers=response.headers.merge(_SYNTHETIC))


def dated(response: Response[Any], now: float) -> Response[Any]:
    """The answer with the server's name and its time.

    Args:
        response: the answer.
        now: Unix time in seconds, which faults may have skewed.
    """
    return response.changed(headers=response.headers.merge(_server_headers(int(now))))


@lru_cache(maxsize=2)
def _server_headers(now: int) -> Headers:
    return Headers({"Date": formatdate(now, usegmt=True), "Server": SERVER})


def sign(
    response: Response[Any],
    operation: Operation | None,
    key: KeyPair,
    now: float,
    accepted: SignatureTypes = OF_MERCHANT,
) -> Response[Any]:
    """The answer, signed as the operation's answers are.

    Args:
        response: the answer.
        operation: shows what its signature covers.
        key: the platform's.
        now: real Unix time in seconds.
        accepted: the signature types of the scheme, by the algorithm of the key.
    """
    kind = operation.answer_signature if operation and 200 <= response.status < 300 else "body"
    if kind == "none":
        return response
    headers, body = response.headers, response.content
    if kind == "sha1-header":
        # SHA-1 is the platform's choice; the RSA signature covers this digest.
        headers = headers.merge({v3.STATEMENT_HEADER: hashlib.sha1(body).hexdigest()})  # noqa: S324 - see above
        body = v3.statement_body(headers, body)
    timestamp, nonce = str(int(now)), v3.make_nonce()
    signature = asymmetric.sign(key.private_key, v3.answer_message(timestamp, nonce, body))
    signed = {
        v3.TIMESTAMP_HEADER: timestamp,
        v3.NONCE_HEADER: nonce,
        v3.SERIAL_HEADER: key.serial,
        v3.SIGNATURE_TYPE_HEADER: accepted[key.algorithm],
        v3.SIGNATURE_HEADER: base64.b64encode(signature).decode("ascii"),
    }
    return response.changed(headers=headers.merge(signed))
