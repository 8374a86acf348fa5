"""The text that a request's signature covers, in each scheme that signs in a header: APIv3, brands and SM."""

from __future__ import annotations

from ..http.request import Request
from . import brand, v3, words


def signed_text(request: Request) -> str | None:
    """The text that was signed, with timestamp and nonce of its `Authorization`; None where that can't be read."""
    header = request.headers.get("Authorization", "")
    try:
        said = _read(header)
    except ValueError:
        return None
    message = v3.request_message(request.method, request.target, said.timestamp, said.nonce, request.signed_bytes)
    return message.decode("utf-8", "replace")


def _read(header: str) -> v3.Authorization | brand.Authorization:
    word = header.partition(" ")[0]
    if word == words.SM2:
        from . import sm  # by whoever has such a key

        return sm.Authorization.parse(header)
    return brand.Authorization.parse(header) if word == words.BRAND else v3.Authorization.parse(header)
