"""How long a call may take, as a whole and in its parts."""

from __future__ import annotations

from dataclasses import fields, replace

from ..errors import ConfigurationError, type_of
from .value import frozen

_SHARE = 2 / 3
_MOST_BITS = 1023  # of an integer that a float can hold


@frozen(kw_only=True)
class Timeout:
    """The seconds that a call may take.

    The platform names no values (https://pay.weixin.qq.com/doc/v3/merchant/4012081709); payments by code may take
    several seconds, because the payer's cards are tried one after the other.

    Attributes:
        total: for all attempts together, with the pauses and the waiting between them.
        attempt: for each attempt, from its connection to the whole answer; None for two thirds of what is left of
            `total` where another attempt may follow, and for all of it where none may.
        connect: for making a connection, in each attempt; never more than half of the attempt's time.
        read: of silence from the platform, in each attempt; None for no such bound. It costs each call a little.

    Raises:
        ConfigurationError: a value isn't positive.
    """

    total: float = 30.0
    attempt: float | None = None
    connect: float = 5.0
    read: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            seconds = getattr(self, field.name)
            if seconds is None and field.default is None:
                continue
            if not _is_time(seconds):
                raise ConfigurationError("timeout", _found(seconds), "Give a positive number of seconds")

    def of_attempt(self, *, idempotent: bool) -> float:
        """The seconds that an attempt may take.

        Args:
            idempotent: whether another one may follow although this one may have arrived.
        """
        if self.attempt is not None:
            return min(self.attempt, self.total)
        return self.total * _SHARE if idempotent else self.total

    def within(self, seconds: float) -> Timeout:
        """These, with `seconds` for the whole."""
        return replace(self, total=seconds)


def _is_time(seconds: object) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return not _is_huge(seconds) and seconds > 0


def _is_huge(seconds: object) -> bool:
    return isinstance(seconds, int) and seconds.bit_length() > _MOST_BITS


def _found(seconds: object) -> str:
    if _is_huge(seconds):
        return "an integer that no float can hold was found"
    return f"{seconds!r} was found" if isinstance(seconds, str | int | float) else f"{type_of(seconds)} was found"


def chosen(given: float | Timeout | None, default: Timeout) -> Timeout:
    """The times of a call: a number bounds the whole call in seconds, None takes the default."""
    if given is None:
        return default
    return given if isinstance(given, Timeout) else default.within(given)
