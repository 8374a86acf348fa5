"""What a real request and its answer show to people: nothing is made up here, secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ...crypto.rsa import is_ciphertext
from ...http.request import Request
from ...http.response import Response
from ...wire import v3
from ...wire.authorization import Authorization

_SHOWN = 16
_SHORTEST_SHOWN = 12
_KEY_SIZE = 2048
_LONG_SIGNATURE = re.compile(r'(?<=signature=")[^"]+')
_BASE64 = re.compile(r"[A-Za-z0-9+/]{300,}={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A field that left encrypted.

    Attributes:
        name: of the field.
        plain: what the caller gave.
        ciphertext: what was sent.
    """

    name: str
    plain: str
    ciphertext: str


def mask(secret: str) -> str:
    """The first and the last four characters of a secret, `6222****1111`; none of a short one."""
    return f"{secret[:4]}****{secret[-4:]}" if len(secret) >= _SHORTEST_SHOWN else "****"


def shorten(text: str) -> str:
    """The text with every ciphertext and signature in it cut short."""
    return _BASE64.sub(_cut, text)


def sealed_fields(order: Mapping[str, Any], request: Request) -> list[Sealed]:
    """The fields of an order that the request carries as ciphertext."""
    sent = orjson.loads(request.body or b"{}")
    return [
        Sealed(name=name, plain=value, ciphertext=sent[name])
        for name, value in order.items()
        if isinstance(value, str) and value != sent[name] and is_ciphertext(sent[name], _KEY_SIZE)
    ]


def signed_text(request: Request) -> Iterator[str]:
    """The lines that the request's signature covers, each with its line end made visible."""
    authorization = Authorization.parse(request.headers["Authorization"])
    message = v3.request_message(
        request.method, request.target, authorization.timestamp, authorization.nonce, request.body or b""
    )
    return (f"{shorten(line)}\\n" for line in message.decode().removesuffix("\n").split("\n"))


def request_text(request: Request) -> Iterator[str]:
    """The request as it went over the wire."""
    yield f"{request.method} {request.target} HTTP/1.1"
    for name, value in request.headers.items():
        yield f"{name}: {_LONG_SIGNATURE.sub(_cut, value)}"
    yield ""
    yield shorten((request.body or b"").decode())


def answer_text(answer: Response[Any]) -> Iterator[str]:
    """The answer as it came over the wire: the headers that matter, and the body."""
    yield f"HTTP/1.1 {answer.status}"
    for name, value in answer.headers.items():
        if name.lower().startswith(("wechatpay-", "request-id")):
            yield f"{name}: {shorten(value)}"
    yield ""
    yield shorten(answer.text)


def comparable(request: Request, order: Mapping[str, Any]) -> bytes:
    """The body with its ciphertext and the order's own numbers blotted out, all other bytes as they are."""
    body = request.body or b""
    for field in sealed_fields(order, request):
        body = body.replace(field.ciphertext.encode(), b"<ciphertext>")
    for name, value in order.items():
        if name.endswith("_no"):
            body = body.replace(f'"{value}"'.encode(), b'"<own number>"')
    return body


def _cut(found: re.Match[str]) -> str:
    return f"{found[0][:_SHOWN]}…"
