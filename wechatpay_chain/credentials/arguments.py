"""Arguments of functions that take keys: hidden from tracebacks, and with hints for wrong names."""

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

    Its traceback lacks the frames that hold the other arguments.
    """


def conceals_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """A decorator: a function's `ConfigurationError`s come without the frames that hold its arguments.

    Python's `TypeError` for wrong arguments becomes a `WrongArguments`, without those frames too.
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
    """Refuse unknown arguments, with the name that each has here.

    Args:
        owner: the name of the function or of the class, for the text.
        given: the names that were given.
        known: the names that there are.
        elsewhere: names of the arguments in other SDKs, by `letters`.

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
    """Whether the arguments didn't fit, so that none of the function's own frames is in the traceback."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def _explained(function: Callable[..., object], given: Iterable[str], text: str) -> str:
    """Python's text for wrong arguments; ours, if one has an unknown name."""
    from inspect import signature  # only for the text of an error

    parameters = signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return text
    names = frozenset(parameters) - {"self", "cls"}
    unknown = [name for name in given if name not in names]
    return _unknown(function.__qualname__.removesuffix(".__init__"), unknown, names, OF_KEYS) if unknown else text
