"""The two shapes that pipelines are made of, and how they are composed.

A `Handler` answers a request: the transport, the emulator, and every composed pipeline are handlers. A `Middleware`
wraps one: it may change the request, call on, change the answer, or answer by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import MethodType
from typing import Any

from .errors import ConfigurationError, ConnectionFailed, Outcome, TimedOut, TransportError, WeChatPayError, type_of
from .http.request import Request
from .http.response import Response

Handler = Callable[[Request], Awaitable[Response[Any]]]
"""Takes a request and returns its answer, whatever the status; raises where there is no answer."""

# An exception becomes the error of the nearest class in its ancestry.
_KINDS: dict[type[Exception], type[TransportError]] = {
    TimeoutError: TimedOut,
    OSError: ConnectionFailed,
    Exception: TransportError,
}

# From the best to the worst: of several attempts the worst outcome counts.
_SEVERITY: tuple[Outcome, ...] = ("not_sent", "rejected", "unknown")

Middleware = Callable[[Request, Handler], Awaitable[Response[Any]]]
"""Takes a request and the handler that it wraps."""


def compose(middlewares: Sequence[Middleware], handler: Handler) -> Handler:
    """Wrap `handler` in `middlewares`, the first of them outermost."""
    for middleware in reversed(middlewares):
        handler = _wrap(middleware, handler)
    return handler


def scheme_named_by(step: Middleware) -> str | None:
    """The scheme that a step is for; None for a step of all calls, such as a caller's own."""
    scheme: str | None = getattr(step, "scheme", None)
    return scheme


def steps_of(scheme: str, steps: Sequence[Middleware]) -> tuple[Middleware, ...]:
    """The steps that a call of this scheme passes."""
    return tuple(step for step in steps if scheme_named_by(step) in {None, scheme})


def counted(handler: Handler) -> Handler:
    """A caller's own transport, made to raise our errors only, with `attempts` set to 1.

    An exception of another kind becomes a `TransportError` of unknown outcome. A transport for tests has a true
    attribute `passes_exceptions`: what the function of a test raises reaches that test unchanged.
    """
    passes_exceptions: bool = getattr(handler, "passes_exceptions", False)

    async def hand_over(request: Request) -> Response[Any]:
        try:
            answer = await handler(request)
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
        if not isinstance(answer, Response):  # pyright: ignore[reportUnnecessaryIsInstance]: transports may be untyped
            raise _no_answer(answer, "the transport", "unknown", 1)
        return answer

    return hand_over


def foreign_step(step: Middleware) -> Middleware:
    """A caller's own step, made to raise our errors only, with the outcome of the call.

    The outcome is `not_sent` unless the step has called on. What a transport for tests raises passes unchanged.
    """
    name: str = getattr(step, "__qualname__", type(step).__qualname__)
    who = f"the middleware {name}"

    async def handle(request: Request, call_next: Handler) -> Response[Any]:
        outcomes: list[Outcome] = ["not_sent"]
        attempts = 0
        passed: list[Exception] = []

        async def go_on(request: Request) -> Response[Any]:
            nonlocal attempts
            try:
                answer = await call_next(request)
            except WeChatPayError as error:
                attempts += error.attempts
                outcomes.append(error.outcome or "unknown")
                raise
            except Exception as error:
                passed.append(error)
                raise
            attempts += answer.attempts
            outcomes.append("unknown")
            return answer

        try:
            answer = await step(request, go_on)
        except WeChatPayError:
            raise
        except Exception as error:
            if error in passed:
                raise
            failure = foreign_error(error, who, outcome=max(outcomes, key=_SEVERITY.index))
            failure.attempts = attempts
            raise failure from error
        if not isinstance(answer, Response):  # pyright: ignore[reportUnnecessaryIsInstance]: steps may be untyped
            raise _no_answer(answer, who, max(outcomes, key=_SEVERITY.index), attempts)
        return answer

    return handle


def is_foreign(step: Middleware) -> bool:
    """Whether a step was defined outside of this package."""
    return type(step).__module__.partition(".")[0] != __package__


def _no_answer(answer: object, who: str, outcome: Outcome, attempts: int) -> TransportError:
    """The error for something else than a `Response`, returned by a caller's own code."""
    error = TransportError(f"{who} returned {type_of(answer)} in place of a Response: let it return one")
    error.outcome, error.attempts = outcome, attempts
    return error


def foreign_error(error: Exception, who: str, *, outcome: Outcome) -> TransportError:
    """The error for an exception of a caller's own code.

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
    # Calling the bound method is faster than calling the object (`python -m benchmarks.share`).
    method: object = middleware.__call__  # type: ignore[operator] # mypy knows no attributes of a Callable
    step: Middleware = method if isinstance(method, MethodType) else middleware

    def handle(request: Request) -> Awaitable[Response[Any]]:
        return step(request, call_next)

    return handle
