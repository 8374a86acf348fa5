"""Keys that can't be printed, logged or pickled by accident."""

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
    """A key whose repr doesn't show it, so that tools which print the local variables of a traceback don't either.

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
    """The key itself, concealed or not."""
    return value.reveal() if isinstance(value, Concealed) else value


def without_frames(error: E) -> E:
    """An error without its traceback, and without that of the exception that it came from.

    Its text says what is wrong. Frames would show keys and payloads in tools that print local variables.
    """
    error.__context__ = None
    return error.with_traceback(None)


def conceals_keys(function: Callable[P, R]) -> Callable[P, R]:
    """A decorator: the function's `ConfigurationError`s come without the frames that hold its keys."""

    @wraps(function)
    def concealing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigurationError as error:
            mistake = without_frames(error)
        del args, kwargs
        raise mistake

    return concealing
