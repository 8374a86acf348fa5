"""`Record`, `Counts` and `masked`: what people who maintain an inbox see of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

from ...http.value import frozen
from .message import Message
from .states import State

HIDDEN = "***"
"""What stands in place of a value that people needn't see."""

# Numbers, times and states, by which a message is found. Any other field may be about a person.
_SHOWN = re.compile(
    r"(out_\w+_no|\w*trade_no|\w*(transaction|refund)_id|\w*mch_?id|\w*(state|status|time|currency)|\w+_type)"
)


@frozen(kw_only=True)
class Record:
    """A message in the inbox, without its content.

    Attributes:
        key: the same for all repetitions of it.
        number: the business number.
        event_type: such as `TRANSACTION.SUCCESS`.
        original_type: what kind of resource it is; None where the platform doesn't say.
        summary: a short text for people.
        state: its state.
        tries: how many handlings have begun.
        received: Unix time in seconds at which it was stored, by the database's clock.
        due: Unix time in seconds from which it may be handled, or at which its claim expires.
        finished: Unix time in seconds at which it was done or given up; None before.
        error: why the last try failed: the exception's type, without its text; empty if none has.
    """

    key: str
    number: str
    event_type: str
    original_type: str | None
    summary: str
    state: State
    tries: int
    received: float
    due: float
    finished: float | None
    error: str


@frozen()
class Counts:
    """The content of an inbox in numbers.

    Attributes:
        by_state: how many messages there are in each state.
        oldest: age in seconds of the oldest unfinished message; 0 if there is none.
    """

    by_state: Mapping[State, int]
    oldest: float


class Observer(Protocol):
    """Is told what a worker does."""

    def handling(self, message: Message, tries: int) -> AbstractContextManager[None]:
        """Entered while a handler runs; what it raises passes through.

        Args:
            message: what is handled.
            tries: how many handlings have begun, this one included.
        """
        ...

    def counted(self, counts: Counts) -> None:
        """Called from time to time with the numbers of messages."""
        ...


def masked(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource as people may see it: numbers, times, states and amounts; `***` for every other text."""
    return {name: _masked(name, value) for name, value in resource.items()}


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(cast("Mapping[str, Any]", value))
    if isinstance(value, str):
        return value if _SHOWN.fullmatch(name) else HIDDEN
    if isinstance(value, list):
        return [_masked(name, item) for item in value]  # pyright: ignore[reportUnknownVariableType]: of JSON
    return value
