"""Keys on their way to where they are used: nothing that is printed, logged or pickled shows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar

from ..errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", str, bytes)


class Concealed(Generic[T]):
    """A key whose repr is silent, so that the local variables of a traceback's frames don't show it.

    Args:
        value: the key.
    """

    __slots__ = ("_value",)

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


class UnknownArgument(TypeError):
    """A keyword that a function doesn't take. It comes without the frames that hold the others."""


def conceals_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function's `ConfigurationError` or `UnknownArgument` come without the frames of its arguments, keys too.

    What is wrong is in the error's text; the frames would only show it in tools that print local variables.
    """

    @wraps(function)
    def concealing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ConfigurationError, UnknownArgument) as error:
            mistake: Exception = error.with_traceback(None)
        del args, kwargs
        raise mistake

    return concealing
