"""Prints results as JSON on stdout: coloured in a terminal, plain in a pipe."""

from __future__ import annotations

import re
import sys
from typing import Any

import orjson

from .terminal import is_coloured

# The tokens of indented JSON that get a colour: a member's name, a string, a number, a word.
_TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)'
)
# Control characters, and those that change the direction of text; most may be in JSON unescaped.
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
_COLOURS = {"name": "36", "text": "32", "number": "33", "word": "35"}


def show_json(value: Any) -> None:
    """Print a value as indented JSON."""
    show_text(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def show_text(text: str) -> None:
    """Print a text that may be JSON, without control characters for the terminal."""
    if sys.stdout.isatty():
        text = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    print(_TOKEN.sub(_coloured, text) if is_coloured(sys.stdout) else text)


def _coloured(token: re.Match[str]) -> str:
    return f"\x1b[{_COLOURS[token.lastgroup or 'text']}m{token[0]}\x1b[0m"
