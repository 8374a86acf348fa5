"""Text in a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

WIDTH = 100
_INDENT = 4
_CODES: Mapping[str, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Terminal:
    """Writes headings, blocks and marks.

    Args:
        stream: where to write.
        colour: whether to use colours.
    """

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour

    def paint(self, text: str, style: str) -> str:
        """The text in a style, `bold`, `dim`, `red`, `green`, `yellow` or `cyan`; as it is without colours."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and text else text

    def line(self, text: str = "") -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def heading(self, text: str) -> None:
        """Write a heading, ruled to the full width."""
        self.line()
        self.line(self.paint(f"── {text} ".ljust(WIDTH, "─"), "bold"))

    def block(self, title: str, lines: Iterable[str], *, style: str = "") -> None:
        """Write a title, and lines below it, indented, wrapped at the width."""
        self.line()
        self.line(f"  {self.paint(title, 'cyan')}")
        for line in lines:
            for piece in wrap(line, WIDTH - _INDENT):
                self.line(" " * _INDENT + (self.paint(piece, style) if style else piece) if piece else "")

    def check(self, text: str, *, holds: bool) -> None:
        """Write a line with a mark that says whether it holds."""
        mark = self.paint("✓", "green") if holds else self.paint("✗", "red")
        self.line(f"{' ' * _INDENT}{mark} {text}")


def wrap(line: str, width: int) -> Iterator[str]:
    """The line in pieces no longer than `width`, cut after blanks and commas where there are any."""
    while len(line) > width:
        cut = max(line.rfind(" ", 0, width), line.rfind(",", 0, width)) + 1 or width
        yield line[:cut].rstrip()
        line = "  " + line[cut:]
    yield line.rstrip()
