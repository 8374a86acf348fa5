"""The two shapes of the pipeline, and how they become one.

A `Handler` answers a request: the transport, the emulator, and every composed pipeline are handlers. A `Middleware`
wraps one: it may change the request, call on, change the answer, or answer by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .errors import ConfigurationError, ConnectionFailed, Outcome, TimedOut, TransportError, WeChatPayError
from .http.request import Request
from .http.response import Response

Handler = Callable[[Request], Awaitable[Response[Any]]]
"""Takes a request and returns its answer, whatever the status; raises where there is no answer."""

# The nearest class of an exception counts.
_KINDS: dict[type[Exception], type[TransportError]] = {
    TimeoutError: TimedOut,
    OSError: ConnectionFailed,
    Exception: TransportError,
}

Middleware = Callable[[Request, Handler], Awaitable[Response[Any]]]
"""Takes a request and the handler that it wraps."""


def compose(middlewares: Sequence[Middleware], handler: Handler) -> Handler:
    """Wrap `handler` in `middlewares`, the first of them outermost."""
    for middleware in reversed(middlewares):
        handler = _wrap(middleware, handler)
    return handler


def scheme_named_by(step: Middleware) -> str | None:
    """The scheme whose calls alone a step is for; None for a step of all calls, as callers' own are."""
    scheme: str | None = getattr(step, "scheme", None)
    return scheme


def steps_of(scheme: str, steps: Sequence[Middleware]) -> tuple[Middleware, ...]:
    """Those of some steps that a call of a scheme passes."""
    return tuple(step for step in steps if scheme_named_by(step) in {None, scheme})


def counted(handler: Handler) -> Handler:
    """A transport of somebody else's, whose errors then say that the request was handed to it: `attempts` is 1.

    Whatever it raises becomes an error of ours. What it doesn't say of the outcome isn't known. One made for tests has
    a true attribute `passes_exceptions`: what a test's own function raises reaches that test.
    """
    passes_exceptions: bool = getattr(handler, "passes_exceptions", False)

    async def hand_over(request: Request) -> Response[Any]:
        try:
            return await handler(request)
        except ConfigurationError:
            raise
        except WeChatPayError as error:
            error.attempts = 1
            error.outcome = error.outcome or "unknown"
            raise
        except Exception as error:
            if passes_exceptions:
                raise
            failure = foreign_error(error, "the transport", outcome="unknown")
            failure.attempts = 1
            raise failure from error

    return hand_over


def foreign_error(error: Exception, who: str, *, outcome: Outcome) -> TransportError:
    """What to raise in place of an exception that somebody else's code raised.

    Args:
        error: the exception.
        who: whose code that was.
        outcome: what is known of the request.
    """
    kind = next(_KINDS[base] for base in type(error).__mro__ if base in _KINDS)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    mapped = kind(f"{who} failed ({reason})")
    mapped.outcome = outcome
    return mapped


def _wrap(middleware: Middleware, call_next: Handler) -> Handler:
    def handle(request: Request) -> Awaitable[Response[Any]]:
        return middleware(request, call_next)

    return handle
