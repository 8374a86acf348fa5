"""The arguments of functions that take keys: no traceback shows them, and a wrong name leads to the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from ..crypto.concealed import without_frames
from ..errors import ConfigurationError
from .other_names import OF_KEYS, hint

P = ParamSpec("P")
R = TypeVar("R")

_MOST = 3


class WrongArguments(TypeError):
    """A call with an argument that the function doesn't take, or without one that it needs.

    It comes without the frames that hold the others.
    """


def conceals_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function's `ConfigurationError` or `WrongArguments` come without the frames of its arguments, keys too.

    Python's `TypeError` about a call that doesn't fit the function becomes a `WrongArguments`.
    """

    @wraps(function)
    def concealing(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ConfigurationError, WrongArguments) as error:
            mistake: Exception = without_frames(error)
        except TypeError as error:
            if not _is_of_call(error):
                raise
            mistake = WrongArguments(_explained(function, kwargs, str(error)))
        del args, kwargs
        raise mistake

    return concealing


def check_names(owner: str, given: Iterable[str], known: Iterable[str], elsewhere: Mapping[str, str] = OF_KEYS) -> None:
    """Refuse arguments that a function hasn't, and say what each is called here.

    Args:
        owner: the name of the function or of the class, for the text.
        given: the names that were given.
        known: the names that there are.
        elsewhere: what the arguments are called in other SDKs, by their letters.

    Raises:
        WrongArguments: one isn't known.
    """
    names = frozenset(known)
    unknown = [name for name in given if name not in names]
    if unknown:
        raise WrongArguments(_unknown(owner, unknown, names, elsewhere))


def _unknown(owner: str, unknown: Sequence[str], names: frozenset[str], elsewhere: Mapping[str, str]) -> str:
    hints = "; ".join(hint(name, names, elsewhere) for name in unknown[:_MOST])
    return f"{owner}() got an unexpected keyword argument {hints}"


def _is_of_call(error: TypeError) -> bool:
    """Whether it was raised by the call itself: none of the function's own frames is in its traceback."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def _explained(function: Callable[..., object], given: Iterable[str], text: str) -> str:
    """Python's text about a call that doesn't fit a function; or ours, if the call has an argument of a wrong name."""
    from inspect import signature  # only for the text of an error

    parameters = signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return text
    names = frozenset(parameters) - {"self", "cls"}
    unknown = [name for name in given if name not in names]
    return _unknown(function.__qualname__.removesuffix(".__init__"), unknown, names, OF_KEYS) if unknown else text
