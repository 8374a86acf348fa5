"""Figures of interleaved rounds: medians, spreads, ratios, tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

RESULTS = Path(__file__).with_name("results")


class Series:
    """What one contestant took, round by round."""

    def __init__(self) -> None:
        self.rounds: dict[str, dict[int, float]] = defaultdict(dict)

    def add(self, figures: Mapping[str, float], number: int, only: Iterable[str]) -> None:
        """Take in the figures of one round."""
        for name in only:
            self.rounds[name][number] = figures[name]

    def median(self, name: str) -> float:
        """The median of all rounds; 0 where there is none."""
        return median(self.rounds[name].values()) if self.rounds[name] else 0.0

    def most(self, name: str) -> float:
        """The highest of all rounds."""
        return max(self.rounds[name].values(), default=0.0)

    def ratio(self, other: Series, name: str) -> float:
        """The median of the ratios of equal rounds."""
        return median(self._ratios(other, name))

    def ratio_spread(self, other: Series, name: str) -> tuple[float, float]:
        """The first and the third quartile of these ratios."""
        ratios = self._ratios(other, name)
        if len(ratios) < 2:
            return ratios[0], ratios[0]
        first, _, third = quantiles(ratios, n=4)
        return first, third

    def _ratios(self, other: Series, name: str) -> list[float]:
        return [value / other.rounds[name][number] for number, value in self.rounds[name].items()]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text, the first to the left and all others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if index else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (heads, *rows)
    )


def save(name: str, found: Any) -> None:
    """Keep figures for the plots."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(found, default=lambda series: series.rounds, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n", "utf-8")
