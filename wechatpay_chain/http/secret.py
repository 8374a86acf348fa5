"""`Secret`: a value that must be encrypted before it is sent."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import type_of


class Secret:
    """Marks a string that must be encrypted before it is sent: `json={"name": Secret("张三")}`.

    Fields that the catalogue knows as secret are encrypted without it; use it where an operation is newer than that.

    Args:
        value: the plaintext, at most 214 bytes of UTF-8 for a 2048-bit key.

    Raises:
        TypeError: `value` is not a string.
    """

    # Not a dataclass and not a str: orjson would write the plaintext of either by itself.
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise TypeError(f"Secret takes a str, not {type_of(value)}")
        self._value = value

    def reveal(self) -> str:
        """The plaintext."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled, its plaintext would be in the pickle: pickle what it was made of")
