"""Text in a terminal: widths in cells, of which a Chinese character takes two, tables, colours, and stderr."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

WIDTH = 100
"""The greatest width of text in columns; a narrower terminal has fewer."""

_INDENT = 4
_NARROWEST = 20
_ANY_WIDTH = 10**6
_CODES: Mapping[str, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def is_coloured(stream: TextIO) -> bool:
    """Whether to write colours: only to a terminal, and not if `NO_COLOR` is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """The width to write in: that of the terminal, or `COLUMNS`; at most `WIDTH`."""
    return max(_NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def show_error(error: BaseException | str) -> None:
    """Write an error to stderr, with its notes."""
    mark = "\x1b[31merror:\x1b[0m" if is_coloured(sys.stderr) else "error:"
    causes: tuple[object, ...] = getattr(error, "causes", ())
    notes: list[str] = getattr(error, "__notes__", [])
    print(f"{mark} {error}", *causes[1:], *notes, sep="\n", file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Write a line to stderr, where everything goes that isn't the result of a command."""
    print(text, file=sys.stderr, flush=True)


class Terminal:
    """Writes headings, blocks and marks.

    Args:
        stream: where to write.
        colour: whether to use colours.
        width: columns to write in.
    """

    def __init__(self, stream: TextIO, *, colour: bool, width: int = WIDTH) -> None:
        self._stream = stream
        self._colour = colour
        self._width = width

    @classmethod
    def of(cls, stream: TextIO, *, colour: bool = True) -> Terminal:
        """A terminal as wide as it is, coloured where it may be."""
        return cls(stream, colour=colour and is_coloured(stream), width=columns())

    def paint(self, text: str, style: str) -> str:
        """The text in a style, `bold`, `dim`, `red`, `green`, `yellow` or `cyan`; as it is without colours."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and text else text

    def line(self, text: str = "") -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def text(self, text: str, indent: int = 0) -> None:
        """Write a text, wrapped at the width."""
        for piece in wrap(text, self._width - indent):
            self.line(" " * indent + piece if piece else "")

    def heading(self, text: str) -> None:
        """Write a heading, ruled to the full width."""
        self.line()
        self.line(self.paint(padded(f"── {text} ", self._width, "─"), "bold"))

    def block(self, title: str, lines: Iterable[str], *, style: str = "", is_code: bool = False) -> None:
        """Write a title, and lines below it, indented, wrapped at the width; code, which is pasted, as it is."""
        self.line()
        self.line(f"  {self.paint(title, 'cyan')}")
        for line in lines:
            for piece in [line] if is_code else wrap(line, self._width - _INDENT):
                self.line(" " * _INDENT + (self.paint(piece, style) if style else piece) if piece else "")

    def table(self, rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
        """Write rows in columns that fit into the width."""
        for line in table(rows, self._width - indent):
            self.line(" " * indent + line)

    def check(self, text: str, *, holds: bool) -> None:
        """Write a line with a mark that says whether it holds."""
        self.marked(" " * _INDENT + (self.paint("✓", "green") if holds else self.paint("✗", "red")), text, _INDENT)

    def marked(self, mark: str, text: str, indent: int = 0) -> None:
        """Write a text behind a mark of one column, what doesn't fit below the text.

        Args:
            mark: with its indent and its style.
            text: behind the mark.
            indent: columns before the mark.
        """
        first, *others = wrap(text, self._width - indent - 2)
        self.line(f"{mark} {first}")
        for line in others:
            self.line(f"{' ' * indent}  {line.lstrip()}")


def cells(text: str) -> int:
    """The columns that a text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def padded(text: str, width: int, fill: str = " ") -> str:
    """The text with `fill` behind it, up to a width in cells."""
    return text + fill * (width - cells(text))


def wrap(line: str, width: int) -> Iterator[str]:
    """The line in pieces no wider than `width` cells, cut after blanks or commas if there are any."""
    while cells(line) > width:
        fitting = _fitting(line, width)
        cut = max(line.rfind(" ", 2, fitting), line.rfind(",", 2, fitting)) + 1 or fitting
        yield line[:cut].rstrip()
        line = "  " + line[cut:]
    yield line.rstrip()


def table(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Rows in columns: all as wide as they need but the last, which takes what is left and wraps.

    Where too little is left, the last column goes below the others.
    """
    if not rows:
        return
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    taken = sum(widths) + 2 * len(widths)
    below = width - taken < min(_NARROWEST, max(cells(row[-1]) for row in rows))
    for *others, last in rows:
        lead = "".join(f"{padded(text, size)}  " for text, size in zip(others, widths, strict=True))
        if below:
            yield from wrap(lead.rstrip(), width)
            yield from (f"    {piece.lstrip()}" for piece in wrap(last, width - 4) if piece)
            continue
        for number, piece in enumerate(wrap(last, width - taken)):
            yield ((lead if number == 0 else " " * taken) + piece).rstrip()


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; in a pipe a line each, whatever its length, so that grep and cut can work with it."""
    for line in table(rows, columns() if sys.stdout.isatty() else _ANY_WIDTH):
        print(line)


def _fitting(line: str, width: int) -> int:
    """How many characters of the line fit into a width, and never none: one more than an indent of two."""
    taken = 0
    for count, character in enumerate(line):
        taken += cells(character)
        if taken > width:
            return max(count, 3 if line.startswith("  ") else 1)
    return len(line)
