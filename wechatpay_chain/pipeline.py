"""The two shapes of the pipeline, and how they become one.

A `Handler` answers a request: the transport, the emulator, and every composed pipeline are handlers. A `Middleware`
wraps one: it may change the request, call on, change the answer, or answer by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .errors import ConfigurationError, WeChatPayError
from .http.request import Request
from .http.response import Response

Handler = Callable[[Request], Awaitable[Response[Any]]]
"""Takes a request and returns its answer, whatever the status; raises where there is no answer."""

Middleware = Callable[[Request, Handler], Awaitable[Response[Any]]]
"""Takes a request and the handler that it wraps."""


def compose(middlewares: Sequence[Middleware], handler: Handler) -> Handler:
    """Wrap `handler` in `middlewares`, the first of them outermost."""
    for middleware in reversed(middlewares):
        handler = _wrap(middleware, handler)
    return handler


def counted(handler: Handler) -> Handler:
    """A transport of somebody else's, whose errors then say that the request was handed to it: `attempts` is 1."""

    async def hand_over(request: Request) -> Response[Any]:
        try:
            return await handler(request)
        except WeChatPayError as error:
            if not isinstance(error, ConfigurationError):
                error.attempts = 1
            raise

    return hand_over


def _wrap(middleware: Middleware, call_next: Handler) -> Handler:
    def handle(request: Request) -> Awaitable[Response[Any]]:
        return middleware(request, call_next)

    return handle
