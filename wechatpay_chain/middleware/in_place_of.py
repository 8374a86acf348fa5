"""InPlaceOf: the caller's own step in place of a standard one that keeps calls safe."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler, Middleware, foreign_step, scheme_named_by


class InPlaceOf:
    """Replaces a step that signs, seals or verifies, or leaves it out, on purpose.

        pipeline = tuple(
            InPlaceOf(step, verify_elsewhere) if isinstance(step, Verify) else step for step in standard(options)
        )

    Args:
        replaced: the step of `standard(options)`.
        step: the step in its place; None leaves it out, so that calls go unsigned, or answers unverified.
    """

    def __init__(self, replaced: Middleware, step: Middleware | None = None) -> None:
        self.replaced = replaced
        self.scheme = scheme_named_by(replaced)
        self._step = None if step is None else foreign_step(step)

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Call the step in place of the standard one."""
        return call_next(request) if self._step is None else self._step(request, call_next)
