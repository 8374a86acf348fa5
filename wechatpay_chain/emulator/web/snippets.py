"""A call as code that makes it again: a curl command, and a chain in Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pprint import pformat
from typing import Any

from ...catalogue import spell
from ..exchange import Exchange

# Headers that curl adds itself, or that belong to the connection.
_NOT_SENT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"})
_WIDTH = 100


def curl(exchange: Exchange) -> str:
    """The curl command that sends the same bytes. Their signature is accepted for five minutes."""
    request = exchange.request
    words = ["curl", "-X", request.method, shlex.quote(f"{request.origin}{request.target}")]
    for name, value in request.headers.items():
        if name.lower() not in _NOT_SENT:
            words += ["\\\n  -H", shlex.quote(f"{name}: {value}")]
    body = request.body or b""
    if exchange.request_size is not None:
        words += ["\\\n  --data-binary", "@body"]
    elif body:
        try:
            words += ["\\\n  --data-binary", shlex.quote(body.decode())]
        except UnicodeDecodeError:
            words += ["\\\n  --data-binary", "@body"]
    return " ".join(words)


def chain(exchange: Exchange) -> str:
    """The call in Python, with its secrets in plaintext; empty if the emulator could not read the call."""
    request, operation, call = exchange.request, exchange.operation, exchange.call
    path = operation.path if operation else request.path
    arguments: list[str] = []
    if call is not None:
        arguments += [f"{name}={value!r}" for name, value in call.values.items()]
        arguments += _given("params", call.query) + _given("json", call.json) + _given("xml", _own(call.xml))
        if call.file is not None:
            arguments.append('file=Path("...")')
        elif exchange.request_size is not None:
            arguments.append("json=...")
    elif request.body:
        arguments.append("json=...")
    root = f"wxpay.{spell(path)}" if operation else f'wxpay["{path.removeprefix("/")}"]'
    return f"await {root}.{request.method.lower()}({', '.join(arguments)})"


def _given(name: str, value: Any) -> list[str]:
    return [] if not value else [f"{name}={pformat(value, width=_WIDTH, sort_dicts=False)}"]


def _own(fields: Mapping[str, str] | None) -> dict[str, str]:
    """The parameters of an APIv2 call that the client doesn't fill in itself."""
    return {
        name: value
        for name, value in (fields or {}).items()
        if name not in {"sign", "sign_type", "nonce_str", "mch_id", "mchid"}
    }
