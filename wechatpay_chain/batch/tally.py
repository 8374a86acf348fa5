"""`Tally`: counts the items of a run, and reports its progress."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping

from .intake import Added
from .progress import Progress
from .refusals import EqualRefusals
from .result import Result

_log = logging.getLogger(__name__)
_BETWEEN = 1  # seconds between two reports


class Tally:
    """Counts the items of a run.

    Args:
        on_progress: called with the progress, at most once a second; None for no reports.
        monotonic: returns seconds of a clock that never goes back.

    Attributes:
        refusals: of this run.
    """

    def __init__(self, on_progress: Callable[[Progress], None] | None, monotonic: Callable[[], float]) -> None:
        self._on_progress = on_progress
        self._monotonic = monotonic
        self.refusals = EqualRefusals(None)
        self._states: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._ended = 0
        self._started = self._told = monotonic()

    def begin(self, states: Mapping[str, int], codes: Mapping[str, int], refusals: EqualRefusals) -> None:
        """Begin a run.

        Args:
            states: how many items the journal has in each state.
            codes: how many of them failed with each error code.
            refusals: counts those of this run.
        """
        self._states, self._codes, self.refusals = Counter(states), Counter(codes), refusals
        self._ended = 0
        self._started = self._told = self._monotonic()

    def take(self, added: Added) -> None:
        """Count items that came into the journal."""
        self._states["waiting"] += added.new + added.mended + added.returned
        self._states["refused"] -= added.mended
        self._states["withheld"] -= added.returned

    def end(self, result: Result, *, was_sent: bool) -> None:
        """Count an item's result.

        Args:
            result: of the item.
            was_sent: whether it counted as sent before.
        """
        if result.state not in {"waiting", "sent"}:
            self._states["sent" if was_sent else "waiting"] -= 1
            self._states[result.state] += 1
            self._ended += 1
        if result.code:
            self._codes[result.code] += 1
        self.refusals.count(result)

    @property
    def progress(self) -> Progress:
        """The progress of the run."""
        seconds = self._monotonic() - self._started
        rate = self._ended / seconds if seconds > 0 else 0.0
        waiting = self._states["waiting"] + self._states["sent"]
        return Progress(
            waiting=waiting,
            done=self._states["done"],
            refused=self._states["refused"],
            unknown=self._states["unknown"],
            rate=rate,
            remaining=waiting / rate if rate else None,
            codes=dict(self._codes),
            withheld=self._states["withheld"],
            stopped_by=self.refusals.stopped_by,
        )

    def tell(self, *, always: bool = False) -> None:
        """Report the progress, unless that was done less than a second ago.

        Args:
            always: report it in any case.
        """
        now = self._monotonic()
        if self._on_progress is not None and (always or now - self._told >= _BETWEEN):
            self._told = now
            try:
                self._on_progress(self.progress)
            except Exception:  # noqa: BLE001 - the caller's hook may raise anything, and the calls are good
                _log.exception("on_progress failed")
