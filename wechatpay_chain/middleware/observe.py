"""ObserveCalls and ObserveAttempts: report what happens to a call to a hook."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import APIError, WeChatPayError
from ..http.request import Request
from ..http.response import Response
from ..observing import AttemptEnded, AttemptStarted, CallEnded, CallStarted, Hook
from ..pipeline import Handler
from ..wire.refusal import api_error, is_refusal

_numbers = itertools.count(1)
# By the number of a call that is under way: how often it was handed to the transport. A cancellation doesn't say.
_attempts: dict[int, int] = {}


class ObserveCalls:
    """Reports where a call begins and ends. It is the outermost standard step.

    Args:
        notify: called with each event.
        clock: returns seconds of a clock that never goes back.
    """

    def __init__(self, notify: Hook, clock: Callable[[], float] = time.monotonic) -> None:
        self._notify = notify
        self._clock = clock

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Number the call, send it on, and report how it ended."""
        number, line, started = next(_numbers), request.line, self._clock()
        self._notify(CallStarted(call=number, request=line))
        ended = partial(CallEnded, call=number, request=line)
        _attempts[number] = 0
        try:
            response = await call_next(request.changed(call=number))
        except BaseException as error:
            known = error if isinstance(error, WeChatPayError) else None
            attempts, request_id = (known.attempts, known.request_id) if known else (_attempts[number], None)
            self._notify(ended(seconds=self._clock() - started, attempts=attempts, request_id=request_id, error=known))
            raise
        finally:
            del _attempts[number]
        self._notify(
            ended(
                seconds=self._clock() - started,
                status=response.status,
                request_id=response.request_id,
                attempts=response.attempts,
                error=_refusal(request, response),
            )
        )
        return response


class ObserveAttempts:
    """Reports each request that is handed to the transport. It is the innermost step.

    Args:
        notify: called with each event.
        host_of: returns the host that a request goes to.
        clock: returns seconds of a clock that never goes back.
    """

    def __init__(
        self, notify: Hook, host_of: Callable[[Request], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._notify = notify
        self._host_of = host_of
        self._clock = clock

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Send the request on, and report how it ended."""
        host, line, started = self._host_of(request), request.line, self._clock()
        if request.call in _attempts:  # of a call that ObserveCalls has seen
            _attempts[request.call] += 1
        self._notify(AttemptStarted(call=request.call, request=line, attempt=request.attempt, host=host))
        ended = partial(AttemptEnded, call=request.call, request=line, attempt=request.attempt, host=host)
        try:
            response = await call_next(request)
        except BaseException as error:
            known = error if isinstance(error, WeChatPayError) else None
            request_id = known.request_id if known else None
            self._notify(ended(seconds=self._clock() - started, request_id=request_id, error=known))
            raise
        self._notify(ended(seconds=self._clock() - started, status=response.status, request_id=response.request_id))
        return response


def _refusal(request: Request, response: Response[Any]) -> APIError | None:
    operation = request.operation
    return api_error(response, operation) if is_refusal(response, operation) else None
