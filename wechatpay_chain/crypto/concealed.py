"""Keys on their way to where they are used: nothing that is printed, logged or pickled shows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar

from ..errors import ConfigurationError

T = TypeVar("T", str, bytes)
P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E", bound=Exception)


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


def without_frames(error: E) -> E:
    """An error without its frames, and without those of the exception that it was made of, such as a failed decoding.

    What is wrong is in its text. The frames would only show keys and payloads in tools that print local variables.
    """
    error.__context__ = None
    return error.with_traceback(None)


def conceals_keys(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function's `ConfigurationError` come without the frames that hold the keys that it was given."""

    @wraps(function)
    def concealing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigurationError as error:
            mistake = without_frames(error)
        del args, kwargs
        raise mistake

    return concealing
