"""What is wrong with an input, told all at once."""

from __future__ import annotations

from ..errors import ConfigurationError, printable

MOST_TOLD = 20
"""How many mistakes are told; the others are counted."""


class Mistakes:
    """What is wrong with an input, in the order in which it was found.

    Attributes:
        count: how many mistakes there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[str, None] = {}

    def add(self, text: str, *, once: bool = False) -> None:
        """Note a mistake.

        Args:
            text: says it.
            once: whether it is the same mistake in all rows.
        """
        if once and text in self._told:
            return
        self.count += 1
        if once or len(self._told) < MOST_TOLD:
            self._told[text] = None

    def error(self) -> ConfigurationError:
        """What is raised: of several mistakes it tells the first, and has the others as notes, a line each."""
        first, *others = self._told
        found = first if self.count == 1 else f"{self.count} mistakes were found, the first: {first}"
        error = ConfigurationError("items", found, "Mend the input, and start again: nothing was sent")
        for other in others:
            error.add_note(printable(other))
        if self.count > len(self._told):
            error.add_note(f"and {self.count - len(self._told)} more")
        return error


def reason(error: Exception) -> str:
    """Why something is no item, behind its line: a `ConfigurationError` without the argument that it names."""
    return f"{error.found}. {error.remedy}" if isinstance(error, ConfigurationError) else str(error)
