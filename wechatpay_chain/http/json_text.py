"""JSON that somebody wrote into a file or an argument: read as it is written, or refused.

orjson makes a float of an integer of more than 64 bits, and of two members of one name it takes the last. What goes
out would be another payload than the one that was written.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def read_json(text: str | bytes) -> Any:
    """Read JSON, its integers exactly.

    Args:
        text: the JSON; bytes are UTF-8.

    Raises:
        ValueError: it is no JSON, is nested too deeply, names a member twice, or holds a number beyond all floats.
    """
    try:
        written = text if isinstance(text, str) else text.decode()
        return json.loads(
            written, object_pairs_hook=_members, parse_int=_int, parse_float=_float, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        # `from None`: this exception, and that of a decoding, carries the whole text.
        raise ValueError(str(error)) from None
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} is there twice")
    return members


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # thousands of digits
        raise ValueError("a number is too big") from None


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too big")
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
