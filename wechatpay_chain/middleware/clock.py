"""Clock: every answer shows how far this machine's clock is from the platform's."""

from __future__ import annotations

from typing import Any

from ..http.request import Request
from ..http.response import Response
from ..observing import ClockSkewed, Hook
from ..pipeline import Handler
from ..policies.clock import PlatformClock


class Clock:
    """Sets a clock by the answers, and reports where the two differ.

    What was refused because it was signed by another time is repeated by `Retry`.

    Args:
        clock: the clock to set.
        notify: called with each difference that wasn't known.
    """

    def __init__(self, clock: PlatformClock, *, notify: Hook | None = None) -> None:
        self.clock = clock
        self._notify = notify

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, and read the time of the answer."""
        response = await call_next(request)
        if self.clock.measure(response.headers) and self._notify is not None:
            self._notify(
                ClockSkewed(
                    call=request.call,
                    request=request.line,
                    seconds=self.clock.skew or 0.0,
                    corrected=self.clock.corrects,
                )
            )
        return response
