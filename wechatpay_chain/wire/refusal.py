"""A refusal of the platform as an `APIError`.

https://pay.weixin.qq.com/doc/v3/merchant/4012070399
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import orjson

from ..errors import (
    APIError,
    BadRequest,
    Forbidden,
    NotFound,
    Outcome,
    Pending,
    RateLimited,
    ServerError,
    Unauthorized,
)
from ..http.response import Response
from . import v3
from .v2 import refusal as refusal_v2

_CLASSES: dict[int, type[APIError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}
_LONGEST_TEXT = 200
_CONTEXT = 24
_DEEPEST_DETAIL = 3
# A gateway's error page may repeat the request's headers.
_AUTHORIZATION = re.compile(rf"{v3.SCHEME}[^<>]*")


@dataclass(frozen=True, slots=True)
class _Body:
    code: str = ""
    reason: str = ""
    detail: Any = None


def is_refusal(response: Response[Any]) -> bool:
    """Whether an answer is a refusal.

    Anything but 2xx is, a 202 that carries an error code (`USERPAYING`), and an APIv2 answer that says so.
    """
    if response.fields is not None and refusal_v2.is_refusal(response.fields):
        return True
    if response.status == 202:
        return _parse(response.content).code != ""
    return not 200 <= response.status < 300


def api_error(response: Response[Any], *, accepted_on_429: bool = False) -> APIError:
    """The error that says what a refusal says.

    Args:
        response: the refusal; any body is understood, HTML and none included.
        accepted_on_429: a 429 of this operation doesn't mean that it was not accepted (refunds).
    """
    if response.fields is not None:
        return refusal_v2.api_error(response, response.fields, accepted_on_429=accepted_on_429)
    body = _parse(response.content)
    error = _error_class(response.status)(
        _message(response, body),
        status=response.status,
        code=body.code,
        reason=body.reason,
        detail=body.detail,
        headers=response.headers,
        content=response.content,
        verified=response.verified,
    )
    error.request_id = response.request_id
    error.outcome = "unknown" if response.in_doubt else _outcome(response.status, accepted_on_429=accepted_on_429)
    error.attempts = response.attempts
    if response.request is not None:
        error.request = response.request.line
    return error


def _error_class(status: int) -> type[APIError]:
    if status >= 500:
        return ServerError
    return Pending if 200 <= status < 300 else _CLASSES.get(status, APIError)


def _outcome(status: int, *, accepted_on_429: bool) -> Outcome:
    if status >= 500 or status < 300 or (status == 429 and accepted_on_429):
        return "unknown"
    return "rejected"


def _message(response: Response[Any], body: _Body) -> str:
    if body.code or body.reason:
        text = f"{response.status} {_printable(body.code)}: {_printable(body.reason)}"
    elif 300 <= response.status < 400:
        text = f"{response.status}: a redirect, which is not followed because the platform sends none"
    elif response.content:
        text = f"{response.status}: not the platform's own answer: {_shorten(response.text)}"
    else:
        text = f"{response.status}: without content"
    text = _AUTHORIZATION.sub(f"{v3.SCHEME} ***", text)
    difference = _signature_difference(response, body) if response.status == 401 else None
    if difference:
        text += f". {difference}"
    if not response.verified:
        text += " (the answer's signature was not verified)"
    return text


def _parse(content: bytes) -> _Body:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _Body()
    if not isinstance(body, dict):
        return _Body()
    members = cast("dict[str, Any]", body)
    return _Body(_string(members.get("code")), _string(members.get("message")), members.get("detail"))


def _string(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _signature_difference(response: Response[Any], body: _Body) -> str | None:
    """Compare what the platform says it verified with what was signed here."""
    theirs = _sign_information(body.detail)
    ours = _signed_message(response)
    if theirs is None or ours is None:
        return None
    text, length = theirs
    for index, (left, right) in enumerate(zip(ours, text, strict=False)):
        if left != right:
            line = ours.count("\n", 0, index) + 1
            return (
                f"The platform verified another text than was signed here; they differ from character {index} (line "
                f"{line}): signed {_around(ours, index)!r}, verified {_around(text, index)!r}. Something in between "
                "changes the request"
            )
    if length is not None and length != len(ours.encode()):
        return (
            f"The platform verified {length} bytes, {len(ours.encode())} were signed here. "
            "Something in between changes the body"
        )
    return (
        "The platform verified the same text that was signed here, so the key is not the one it expects: check that "
        "private_key and serial belong to the same merchant API certificate, and that mchid is its merchant"
    )


def _sign_information(detail: object, depth: int = 0) -> tuple[str, int | None] | None:
    if not isinstance(detail, dict):
        return None
    members = cast("dict[str, Any]", detail)
    information = members.get("sign_information")
    if not isinstance(information, dict):
        return _sign_information(members.get("detail"), depth + 1) if depth < _DEEPEST_DETAIL else None
    text, length = (
        cast("dict[str, Any]", information).get(name) for name in ("truncated_sign_message", "sign_message_length")
    )
    if not isinstance(text, str) or not text:
        return None
    length = length if isinstance(length, int) else None
    if length is None or len(text.encode()) < length:
        # The platform cuts the body, maybe within a character, and ends the text with a line feed all the same.
        text = text.removesuffix("\n").removesuffix("...").rstrip("\ufffd")
    return text, length


def _signed_message(response: Response[Any]) -> str | None:
    request = response.request
    if request is None:
        return None
    try:
        authorization = v3.Authorization.parse(request.headers.get("Authorization", ""))
    except ValueError:
        return None
    message = v3.request_message(
        request.method, request.target, authorization.timestamp, authorization.nonce, request.signed_bytes
    )
    return message.decode("utf-8", "replace")


def _around(text: str, index: int) -> str:
    return text[max(0, index - 4) : index + _CONTEXT]


def _printable(text: str) -> str:
    """Text that can't steer a terminal or forge a line of a log."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    text = _printable(text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
