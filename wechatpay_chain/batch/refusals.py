"""`EqualRefusals`: stops a batch after many equal refusals in a row."""

from __future__ import annotations

from .result import Result


class EqualRefusals:
    """Counts refusals in a row with the same code, so that a wrong file isn't refused line by line to its end.

    Args:
        most: how many there may be; None for any number.

    Attributes:
        stopped_by: the code of so many refusals in a row; empty before that.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._code: str = ""
        self._equal = 0
        self.stopped_by = ""

    def count(self, result: Result) -> None:
        """Count an item's result."""
        if result.state == "done":
            self._equal = 0
        elif result.state == "refused" or (result.state == "unknown" and result.status is not None):
            code = result.code or ""
            self._equal = self._equal + 1 if code == self._code else 1
            self._code = code
            if self._most is not None and self._equal >= self._most:
                self.stopped_by = code
