"""The cells of a table: what spreadsheets and programs make of a number, and the value that a cell holds."""

from __future__ import annotations

import re
from typing import Any

from ..http.json_text import read_json

# What a cell holds, by the catalogue's type: texts as they are, all else as JSON writes it.
_TYPES: dict[str, type | tuple[type, ...]] = {"integer": int, "number": (int, float), "boolean": bool, "object": dict}
# How a spreadsheet shows a number of more than eleven digits; the digits behind are lost.
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2}", re.ASCII | re.IGNORECASE)
# How a program writes a number that it read as a decimal one.
_DECIMAL = re.compile(r"[0-9]{8,}[.,]0+", re.ASCII)
# ="622..." and '622... keep a spreadsheet from doing that.
_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_APOSTROPHE = re.compile(r"'([0-9]+)", re.ASCII)


def plain(cell: str) -> str:
    """A cell without what keeps a spreadsheet from changing it."""
    cell = cell.strip("\t")
    if quoted := _FORMULA_TEXT.fullmatch(cell):
        return quoted[1]
    if digits := _APOSTROPHE.fullmatch(cell):
        return digits[1]
    return cell


def typed(cell: str, kind: str | None, name: str) -> Any:
    """The value that a cell holds.

    Args:
        cell: its text, not empty.
        kind: the catalogue's type of its column; None for one that the catalogue doesn't know, which is a text.
        name: of its column.

    Raises:
        TypeError: it is of another type, or a spreadsheet or a program changed its number.
    """
    if _SHORTENED.fullmatch(cell):
        raise TypeError(
            f"in the column {name!r} a spreadsheet has shortened the number, and its last digits are lost: "
            "format the column as text before the numbers are put in"
        )
    if kind in {None, "string"} and _DECIMAL.fullmatch(cell):
        raise TypeError(
            f"in the column {name!r} a program has written a number as a decimal one (.0): "
            "read and write the column as text"
        )
    if kind is None or kind == "string":
        return cell
    try:
        value = read_json(cell.lower() if kind == "boolean" else cell)
    except ValueError:
        value = None
    expected = list if kind.endswith("[]") else _TYPES.get(kind, str)
    if not isinstance(value, expected) or isinstance(value, bool) != (kind == "boolean"):
        # Not shown: where columns were mixed up, it may be a secret.
        raise TypeError(f"what stands in the column {name!r} is no {kind}")
    return value
