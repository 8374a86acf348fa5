"""The text that the signature of a request covers, for people who compare it."""

from __future__ import annotations

from ..http.request import Request
from . import v3
from .authorization import Authorization


def signed_text(request: Request) -> str | None:
    """The text that was signed, with timestamp and nonce of its `Authorization`; None where that can't be read."""
    try:
        said = Authorization.parse(request.headers.get("Authorization", ""))
    except ValueError:
        return None
    message = v3.request_message(request.method, request.target, said.timestamp, said.nonce, request.signed_bytes)
    return message.decode("utf-8", "replace")
