"""Clock: how far this machine's clock is from the platform's, measured by every answer."""

from __future__ import annotations

from typing import Any

from ..http.request import Request
from ..http.response import Response
from ..observing import ClockSkewed, Hook
from ..pipeline import Handler
from ..policies.clock import PlatformClock


class Clock:
    """Measures, reports, and where that is asked for corrects.

    A call that the platform refused for its timestamp (401) is signed anew with the corrected one and sent once more,
    unless `retry=False` wants one attempt: nothing came of the first.

    Args:
        clock: is set by what answers tell.
        notify: is told of differences.
    """

    def __init__(self, clock: PlatformClock, *, notify: Hook | None = None) -> None:
        self.clock = clock
        self._notify = notify

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, and read the time of the answer."""
        response = await call_next(request)
        if not self.clock.measure(response.headers):
            return response
        if self._notify is not None:
            self._notify(
                ClockSkewed(
                    call=request.call,
                    request=request.line,
                    seconds=self.clock.skew or 0.0,
                    corrected=self.clock.corrects,
                )
            )
        if response.status != 401 or request.retry is False or not (self.clock.corrects and self.clock.is_off):
            return response
        again = await call_next(request)
        return again.changed(attempts=response.attempts + again.attempts)
