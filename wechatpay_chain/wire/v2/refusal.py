"""Refusals of APIv2, which come with status 200, as `APIError`s.

`return_code` says whether the call was understood, `result_code` whether it was done, `err_code` why it wasn't.
https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ...errors import (
    APIError,
    BadRequest,
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
from ..codes import FAULTY, FORBIDDEN, MISSING, PASSING, TOO_MANY

_SUCCESS = "SUCCESS"
_FAIL = "FAIL"

# What an order has come to, or that its number is taken.
_ORDER = frozenset({"ORDERCLOSED", "ORDERPAID", "ORDERREVERSED", "OUTTRADENOUSED"})
_CODES: dict[type[APIError], Collection[str]] = {
    Pending: ("USERPAYING",),
    ServerError: PASSING,
    RateLimited: TOO_MANY,
    NotFound: MISSING,
    Unauthorized: ("SIGNERROR",),
    Forbidden: FORBIDDEN,
    BadRequest: FAULTY | _ORDER,
}
_CLASSES = {code: kind for kind, codes in _CODES.items() for code in codes}
_UNKNOWN = (Pending, ServerError)
# The platform's texts for its own failures, where there is no code: "System Error", "系统繁忙,请稍后再试".
_FAILED = re.compile(r"system.?(error|busy)|系统(错误|繁忙|异常)|超时|time.?out", re.IGNORECASE)


def is_refusal(fields: Mapping[str, str]) -> bool:
    """Whether an answer of APIv2 is a refusal."""
    return fields.get("return_code") != _SUCCESS or fields.get("result_code", _SUCCESS) != _SUCCESS


def read(response: Response[Any], fields: Mapping[str, str]) -> APIError:
    """The error of a refusal.

    Args:
        response: the refusal.
        fields: its elements.
    """
    return_code = fields.get("return_code", "")
    code = fields.get("err_code") or fields.get("error_code") or ""
    if not code and return_code not in {_SUCCESS, _FAIL}:
        code = return_code
    reason = fields.get("err_code_des") or fields.get("error_code_des") or fields.get("return_msg") or ""
    text = f"{response.status} {code}: {reason}" if code else f"{response.status}: {reason or 'no reason was given'}"
    if not response.verified:
        text += " (the answer's signature was not verified)"
    has_failed = not code and _FAILED.search(reason) is not None
    error = (ServerError if has_failed else _CLASSES.get(plain_code(code), APIError))(
        text,
        status=response.status,
        code=code,
        reason=reason,
        detail=dict(fields),
        headers=response.headers,
        content=response.content,
        verified=response.verified,
    )
    from ...diagnosis import answer as of_answer
    from ...diagnosis import refusal as of_refusal

    # A page that is well-formed XML is read as a message without any of its fields.
    return error.because(of_answer.web_page(response.content), *of_refusal.causes_v2(reason, code))


def outcome(refusal: APIError, *, accepted_on_429: bool) -> Outcome:
    """What became of the call.

    It is "rejected" if the code is known to be final, or if the platform didn't accept the message at all:
    `return_code` is `FAIL`, without a code, and its system didn't fail. An unknown code, which may be a new one, leaves
    the outcome "unknown".

    Args:
        refusal: of the call.
        accepted_on_429: a call that was refused for its rate may have been accepted all the same (refunds).
    """
    if not refusal.code and not isinstance(refusal, ServerError):
        return "rejected" if refusal.detail.get("return_code") == _FAIL else "unknown"
    is_open = type(refusal) is APIError or isinstance(refusal, _UNKNOWN)
    if is_open or (isinstance(refusal, RateLimited) and accepted_on_429):
        return "unknown"
    return "rejected"
