"""`Progress`: where a batch is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch is.

    Attributes:
        waiting: items that are not ended, as far as the input has been read.
        done: items that took effect.
        refused: items that were finally refused.
        unknown: items of which nobody knows, and which may not be repeated.
        rate: items that end in a second, on average since the start of this run.
        remaining: seconds until those waiting are ended, at that rate; None as long as nothing has ended.
        codes: how many items have failed, finally or for this run, with each error code.
        withheld: items that were not sent, and that the input of a later run no longer held: they are not sent.
        stopped_by: the code of so many equal refusals that the run stopped; empty where it did not.
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
