"""Cells of tables that people open in a spreadsheet."""

from __future__ import annotations

import re
from typing import TypeVar

_T = TypeVar("_T")
# Spreadsheets compute what begins with these. https://owasp.org/www-community/attacks/CSV_Injection
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?")


def shown(value: _T) -> _T | str:
    """A cell that a spreadsheet shows and doesn't compute: what it would take for a formula gets a `'` before it.

    Somebody else may have written the text: a payer's remark, a shop's name.
    """
    is_formula = isinstance(value, str) and value.startswith(_COMPUTED) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value
