"""What a command hands to the next program: JSON on stdout, coloured in a terminal, plain in a pipe."""

from __future__ import annotations

import re
import sys
from typing import Any

import orjson

from .terminal import is_coloured

# The tokens of indented JSON that get a colour: a member's name, a text, a number, a word.
_TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)'
)
_COLOURS = {"name": "36", "text": "32", "number": "33", "word": "35"}


def show_json(value: Any) -> None:
    """Print a value as indented JSON."""
    show_text(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def show_text(text: str) -> None:
    """Print a text that may be JSON."""
    print(_TOKEN.sub(_coloured, text) if is_coloured(sys.stdout) else text)


def _coloured(token: re.Match[str]) -> str:
    return f"\x1b[{_COLOURS[token.lastgroup or 'text']}m{token[0]}\x1b[0m"
