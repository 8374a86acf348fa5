"""Clock: measures by each answer how far this machine's clock is from the platform's."""

from __future__ import annotations

from typing import Any

from ..http.request import Request
from ..http.response import Response
from ..observing import ClockSkewed, Hook
from ..pipeline import Handler
from ..policies.clock import PlatformClock


class Clock:
    """Sets a `PlatformClock` by the answers, and reports a difference from this machine's clock.

    `Retry` repeats a call that was refused because it was signed with a wrong time.

    Args:
        clock: the clock to set.
        notify: called when the difference has changed.
    """

    def __init__(self, clock: PlatformClock, *, notify: Hook | None = None) -> None:
        self.clock = clock
        self._notify = notify

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, then read the time in the answer."""
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
