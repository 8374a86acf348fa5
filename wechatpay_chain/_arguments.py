"""Checks of constructor arguments, so that a wrong one is refused at once and not on first use.

_TAKES = {"lease": SECONDS, "clock": a_function("Give a function that returns seconds")}

check(_TAKES, lease=lease, clock=clock)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ConfigurationError, type_of
from .http.value import frozen

_MOST_BITS = 1023  # of an integer that a float can hold


@frozen()
class Takes:
    """What an argument takes.

    Attributes:
        fits: whether a value is accepted.
        remedy: what to give, as a sentence without its full stop.
        shown: whether the error shows a wrong text. Only misspelt words may be shown: other texts may be secrets.
    """

    fits: Callable[[Any], bool]
    remedy: str
    shown: bool = False

    def or_none(self) -> Takes:
        """The same, and None."""
        return Takes(lambda value: value is None or self.fits(value), self.remedy, self.shown)


def check(takes: Mapping[str, Takes], prefix: str = "", /, **given: Any) -> None:
    """Refuse the first argument that isn't accepted.

    Args:
        takes: what each argument takes, by its name. Only the arguments in `given` are checked.
        prefix: stands before the name in the error: `renewal.` for an argument of `Renewal`.
        given: the arguments.

    Raises:
        ConfigurationError: with the argument's name, what was found, and the remedy.
    """
    for name, taken in takes.items():
        if name in given and not taken.fits(given[name]):
            raise ConfigurationError(prefix + name, _found(given[name], taken), taken.remedy)


def check_attributes(takes: Mapping[str, Takes], prefix: str, holder: object) -> None:
    """Refuse the first attribute of a value that isn't accepted, as `check` does."""
    check(takes, prefix, **{name: getattr(holder, name) for name in takes})


def is_number(value: object) -> bool:
    """Whether it is a number, infinity too: neither a boolean nor NaN, nor an integer that no float can hold."""
    if isinstance(value, float):
        return not math.isnan(value)
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _MOST_BITS


def is_function(value: object) -> bool:
    """Whether it can be called, and is no class."""
    return callable(value) and not isinstance(value, type)


def a_number(least: float, below: float, remedy: str) -> Takes:
    """A number from `least` to less than `below`."""
    return Takes(lambda value: is_number(value) and least <= value < below, remedy)


def a_count(least: int, remedy: str) -> Takes:
    """A whole number, `least` or more."""
    return Takes(lambda value: is_number(value) and isinstance(value, int) and value >= least, remedy)


def a_function(remedy: str) -> Takes:
    """Anything that can be called, except a class: an instance of it is meant."""
    return Takes(is_function, remedy)


def one_of(words: tuple[str, ...], remedy: str) -> Takes:
    """One of some words."""
    return Takes(lambda value: isinstance(value, str) and value in words, remedy, shown=True)


def instance(kind: Any, remedy: str) -> Takes:
    """An object of a class, or of one of several: `Path | str`."""
    return Takes(lambda value: isinstance(value, kind), remedy)


def with_methods(*methods: str, remedy: str) -> Takes:
    """An object with these methods; its class isn't one, though it has them too."""
    return Takes(
        lambda value: not isinstance(value, type) and all(callable(getattr(value, method, None)) for method in methods),
        remedy,
    )


SECONDS = Takes(lambda value: is_number(value) and value > 0, "Give a positive number of seconds")
ANY_TIME = Takes(lambda value: is_number(value) and math.isfinite(value), "Give a finite number")
FINITE_SECONDS = Takes(lambda value: is_number(value) and 0 < value < math.inf, SECONDS.remedy)
COUNT = a_count(1, "Give a whole number, 1 or more")
FLAG = instance(bool, "Give True or False")
TEXT = instance(str, "Give a text")


def _found(value: object, taken: Takes) -> str:
    is_shown = is_number(value) or isinstance(value, bool | float) or (taken.shown and isinstance(value, str))
    return f"{value!r} was found" if is_shown else f"{type_of(value)} was found"
