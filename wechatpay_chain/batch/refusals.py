"""`EqualRefusals`: whether a batch goes on after so many refusals."""

from __future__ import annotations

from .result import Result


class EqualRefusals:
    """Counts refusals in a row that have the same code: a wrong file would otherwise be refused line by line.

    Args:
        most: how many there may be; None for any number.

    Attributes:
        stopped_by: the code that so many have in a row; empty as long as none has.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._code: str = ""
        self._equal = 0
        self.stopped_by = ""

    def count(self, result: Result) -> None:
        """Count what came of an item."""
        if result.state == "done":
            self._equal = 0
        elif result.state == "refused" or (result.state == "unknown" and result.status is not None):
            code = result.code or ""
            self._equal = self._equal + 1 if code == self._code else 1
            self._code = code
            if self._most is not None and self._equal >= self._most:
                self.stopped_by = code
