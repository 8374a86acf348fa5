"""Refusals of APIv3 as `APIError`s.

https://pay.weixin.qq.com/doc/v3/merchant/4012070399
"""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from ...errors import (
    APIError,
    BadRequest,
    Cause,
    Forbidden,
    NotFound,
    Outcome,
    Pending,
    RateLimited,
    ServerError,
    Unauthorized,
    plain_code,
)
from ...http.response import Response
from ...http.value import frozen
from ..codes import PASSING
from ..signed_text import signed_text

_CLASSES: dict[int, type[APIError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}
_LONGEST_TEXT = 200
_UNAUTHORIZED = 401
# Statuses of gateways: 303 follows a request that was handled; some send 408 for one that they have passed on.
_OPEN = frozenset({303, 408})
_PARAM_ERROR = "PARAMERROR"
_DEEPEST_DETAIL = 3
# A gateway's error page may repeat the request's headers.
_AUTHORIZATION = re.compile(r"(WECHATPAY2?(?:-[A-Z0-9]+)+)[^<>]*")


@frozen()
class _Body:
    code: str = ""
    reason: str = ""
    detail: Any = None


def has_code(response: Response[Any]) -> bool:
    """Whether the content names an error code, such as `USERPAYING` in a 202 for an unfinished payment."""
    return _parse(response.content).code != ""


def read(response: Response[Any]) -> APIError:
    """The error of a refusal. The body may be anything: HTML, or empty."""
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
    return error.because(*_causes(response, body))


def outcome(refusal: APIError, *, accepted_on_429: bool) -> Outcome:
    """What became of the call.

    Args:
        refusal: of it.
        accepted_on_429: a call that was answered with 429 may have been accepted all the same (refunds).
    """
    status = refusal.status
    is_open = status >= 500 or status < 300 or status in _OPEN or plain_code(refusal.code) in PASSING
    return "unknown" if is_open or (status == 429 and accepted_on_429) else "rejected"


def _error_class(status: int) -> type[APIError]:
    if status >= 500:
        return ServerError
    return Pending if 200 <= status < 300 else _CLASSES.get(status, APIError)


def _message(response: Response[Any], body: _Body) -> str:
    if body.code or body.reason:
        text = f"{response.status} {body.code}: {body.reason}"
    elif 300 <= response.status < 400:
        text = f"{response.status}: a redirect, which is not followed because the platform sends none"
    elif response.content:
        text = f"{response.status}: not the platform's own answer: {_shorten(response.text)}"
    else:
        text = f"{response.status}: without content"
    text = _AUTHORIZATION.sub(r"\1 ***", text)
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


def _causes(response: Response[Any], body: _Body) -> tuple[Cause, ...]:
    """Why it was refused, as far as the answer says. A wrong signature comes with the text that was verified."""
    from ...diagnosis import refusal as of_refusal

    theirs = _sign_information(body.detail) if response.status == _UNAUTHORIZED else None
    ours = signed_text(response.request) if theirs is not None and response.request is not None else None
    if theirs is not None and ours is not None:
        return (of_refusal.signed_text(ours, *theirs),)
    ending = response.request_id.rpartition("-")[2] if response.request_id else ""
    known = of_refusal.causes(f"{body.reason} {ending}")
    return known if (field := _field(response, body)) is None else (*known, field)


def _field(response: Response[Any], body: _Body) -> Cause | None:
    """The cause for a parameter error that names a field: it wasn't sent, or its value is wrong."""
    from ...diagnosis import field

    request, named = response.request, field.named(body.detail, body.reason)
    if request is None or named is None or plain_code(body.code) != _PARAM_ERROR:
        return None
    location, pointer = named
    if location == "query":
        return field.cause(pointer, dict(parse_qsl(request.query, keep_blank_values=True)))
    try:
        sent = orjson.loads(request.signed_bytes or b"{}")
    except orjson.JSONDecodeError:
        return None
    return field.cause(pointer, sent)


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
        # The platform cuts the body off, maybe within a character, and still ends the text with a line feed.
        text = text.removesuffix("\n").removesuffix("...").rstrip("\ufffd")
    return text, length


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
