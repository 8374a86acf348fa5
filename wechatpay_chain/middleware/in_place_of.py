"""InPlaceOf: a step of the caller's own where a standard one kept calls safe."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler, Middleware, foreign_step, scheme_named_by


class InPlaceOf:
    """Says that a step which signs, seals or verifies was replaced or left out on purpose.

        pipeline = tuple(
            InPlaceOf(step, verify_elsewhere) if isinstance(step, Verify) else step for step in standard(options)
        )

    Args:
        replaced: the step of `standard(options)` whose place this is.
        step: what to do instead; None does nothing, so that calls go on unsigned, or answers unverified.
    """

    def __init__(self, replaced: Middleware, step: Middleware | None = None) -> None:
        self.replaced = replaced
        self.scheme = scheme_named_by(replaced)
        self._step = None if step is None else foreign_step(step)

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Do what stands here instead."""
        return call_next(request) if self._step is None else self._step(request, call_next)
