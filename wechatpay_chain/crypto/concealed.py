"""Keys on their way to where they are used: nothing that is printed, logged or pickled shows them."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)


class Concealed(Generic[T]):
    """A key whose repr is silent, so that the local variables of a traceback's frames don't show it.

    Args:
        value: the key.
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        """The key. Call it in the expression that uses it: a variable would show it again."""
        return self._value

    def __repr__(self) -> str:
        return "Concealed('***')"

    def __copy__(self) -> Concealed[T]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Concealed[T]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: read it anew where it is needed")


def reveal(value: T | Concealed[T]) -> T:
    """A key, however it comes."""
    return value.reveal() if isinstance(value, Concealed) else value
