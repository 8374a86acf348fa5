"""`Progress`: the state of a run in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The state of a run in numbers.

    Attributes:
        waiting: items that have not ended, as far as the input has been read.
        done: items that took effect.
        refused: items that were finally refused.
        unknown: items of unknown outcome, which may not be repeated.
        rate: items that end per second, on average since the start of this run.
        remaining: seconds until the waiting items have ended, at that rate; None until an item has ended.
        codes: how many items have failed with each error code, finally or for this run.
        withheld: unsent items that the input of a later run no longer had; they are not sent.
        stopped_by: the code of so many equal refusals that the run stopped; empty if it didn't stop.
    """

    waiting: int
    done: int
    refused: int
    unknown: int
    rate: float
    remaining: float | None
    codes: Mapping[str, int] = field(default_factory=dict[str, int])
    withheld: int = 0
    stopped_by: str = ""
