"""The states of a stored message, the events that change them, and when a message is tried again.

WAITING --claimed--> CLAIMED --handled--> DONE --forgotten--> FORGOTTEN
   ^                    |                                         ^
   |<--failed, released-|--failed too often--> DEAD --forgotten---|
   |<--retried by hand----------------------------|
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from ..._arguments import a_count, check_attributes, instance
from ...http.value import frozen
from ...policies.backoff import Backoff


class State(StrEnum):
    """The state of a message."""

    WAITING = "waiting"
    """It is handled when it is due."""
    CLAIMED = "claimed"
    """A worker has it. If its lease ends before the worker settles it, another worker takes it."""
    DONE = "done"
    """Its handler has succeeded."""
    DEAD = "dead"
    """It failed too often. Nothing happens until somebody has it retried."""
    FORGOTTEN = "forgotten"
    """Its content was erased. The key remains, so that a repetition isn't taken for a new one."""


UNFINISHED = (State.WAITING, State.CLAIMED)
"""The states in which a message holds up later ones of its number; a dead one doesn't."""


class Event(StrEnum):
    """An event that changes the state of a message."""

    CLAIMED = "claimed"
    HANDLED = "handled"
    FAILED = "failed"
    RELEASED = "released"
    """The worker stopped before the handler was done, which is no failure of the handler."""
    RETRIED = "retried"
    """Somebody has it handled again: a dead one, or one that waits for its next try."""
    FORGOTTEN = "forgotten"
    """Somebody has its content erased."""


_TAKES = {
    "backoff": instance(Backoff, "Give Backoff(5, 3600, 0.5)"),
    "most": a_count(1, "Give 1 or more tries"),
}


@frozen()
class Patience:
    """How often a message is tried, and the pauses between the tries.

    Attributes:
        backoff: the pauses.
        most: how many tries there are before it is dead.

    Raises:
        ConfigurationError: one of them is wrong.
    """

    backoff: Backoff = field(default_factory=lambda: Backoff(5.0, 3600.0, 0.5))
    most: int = 16

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "patience.", self)


@frozen()
class Step:
    """The result of an event.

    Attributes:
        state: the next state.
        tries: how many handlings have begun.
        pause: seconds until it is due; 0 for at once.
    """

    state: State
    tries: int
    pause: float = 0.0


def next_step(state: State, event: Event, tries: int, patience: Patience, chance: float = 1.0) -> Step | None:
    """The result of an event for a message; None if it changes nothing in this state.

    A try counts when it is claimed, so that a message that kills its worker is dead after `patience.most` of them.

    Args:
        state: of the message.
        event: what happened.
        tries: how many handlings have begun.
        patience: how often it is tried.
        chance: a random number from 0 to 1, which shortens the pause.
    """
    match state, event:
        case (State.WAITING | State.CLAIMED, Event.CLAIMED) if tries >= patience.most:
            # Its last worker was killed, or the number of tries was lowered.
            return Step(State.DEAD, tries)
        case State.WAITING | State.CLAIMED, Event.CLAIMED:
            return Step(State.CLAIMED, tries + 1)
        case State.CLAIMED, Event.HANDLED:
            return Step(State.DONE, tries)
        case (State.CLAIMED, Event.FAILED) if tries >= patience.most:
            return Step(State.DEAD, tries)
        case State.CLAIMED, Event.FAILED:
            return Step(State.WAITING, tries, patience.backoff.pause(tries, chance))
        case State.CLAIMED, Event.RELEASED:
            return Step(State.WAITING, max(0, tries - 1))
        case State.WAITING | State.DEAD, Event.RETRIED:
            return Step(State.WAITING, 0)
        case State.DONE | State.DEAD, Event.FORGOTTEN:
            return Step(State.FORGOTTEN, tries)
        case _:
            return None
