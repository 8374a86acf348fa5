"""Refusals of the platform as `APIError`s. Each is read once and kept with its answer.

An answer with elements (`Response.fields`) is one of APIv2, which refuses with status 200. `v3.refusal` and
`v2.refusal` say which class a status or a code becomes.
"""

from __future__ import annotations

from typing import Any

from ..errors import APIError, Cause, plain_code
from ..http.operation import Operation
from ..http.response import Response
from .codes import CERTAIN
from .v2 import refusal as refusal_v2
from .v3 import refusal as refusal_v3

_OK, _ACCEPTED, _FOUND = 200, 202, 302
_OPEN = Cause(
    "payout-open",
    "only some codes say for certain that nothing was paid, and this answer has none of them",
    "What counts is the state that a query tells",
    "proven",
)


def is_refusal(response: Response[Any], operation: Operation | None = None) -> bool:
    """Whether an answer is a refusal.

    Anything but 2xx is, a 202 that names an error code (`USERPAYING`), and an answer of APIv2 that says so.

    Args:
        response: the answer.
        operation: of the call; a page of APIv2 answers with a redirect.
    """
    if response.status == _OK and response.fields is None:
        return False
    if response.fields is not None and refusal_v2.is_refusal(response.fields):
        return True
    if response.status == _ACCEPTED:
        return refusal_v3.has_code(response)
    if response.status == _FOUND and operation is not None and operation.answer == "redirect":
        return False
    return not 200 <= response.status < 300


def api_error(response: Response[Any], operation: Operation | None = None) -> APIError:
    """The error of a refusal; repeated calls for one answer return the same error.

    Args:
        response: the refusal.
        operation: of the call; what is known after a refusal depends on it (refunds, transfers).
    """
    error = response.refusal
    if error is None or not _is_of(error, response):
        error = refusal_v3.read(response) if response.fields is None else refusal_v2.read(response, response.fields)
        # The answer is frozen: this only caches what was read from it.
        object.__setattr__(response, "refusal", error)
    outcome = refusal_v3.outcome if response.fields is None else refusal_v2.outcome
    accepted_on_429 = operation is not None and operation.accepted_on_429
    error.outcome = "unknown" if response.in_doubt else outcome(error, accepted_on_429=accepted_on_429)
    if operation is not None and operation.pays_out and not _paid_nothing(error):
        error.outcome = "unknown"
        error.because(*(error.causes or (_OPEN,)))
    error.request_id, error.attempts = response.request_id, response.attempts
    if response.request is not None:
        error.request = response.request.line
    return error


def _paid_nothing(refusal: APIError) -> bool:
    """Whether a refusal says for certain that nothing was paid, now or under the same number before.

    https://pay.weixin.qq.com/doc/v3/merchant/4012716434
    """
    from ..diagnosis.refusal import NOT_ACCEPTED, USED_NUMBER

    named = {cause.name for cause in refusal.causes}
    if refusal.code:
        return plain_code(refusal.code) in CERTAIN and named.isdisjoint(USED_NUMBER)
    return not named.isdisjoint(NOT_ACCEPTED)


def _is_of(error: APIError, response: Response[Any]) -> bool:
    """Whether an error was read from this very answer, not from the one that this is a changed copy of."""
    return (
        error.status == response.status
        and error.content is response.content
        and error.verified == response.verified
        and (response.fields is None or error.detail == response.fields)
    )
