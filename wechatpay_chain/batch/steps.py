"""What a batch does next with an item, as a table of what is known of it and what just happened.

An item is sent until it is answered. If it may have taken effect without an answer, it is in doubt. A doubt is resolved
by sending the item again with the same content, by looking it up, or by a person; which of these depends on the item.
"""

from __future__ import annotations

from enum import Enum, auto

from ..errors import APIError, ConfigurationError, RateLimited, TransportError, WeChatPayError
from ..policies.retry import may_help
from .result import State


class Known(Enum):
    """What is known of an item's effect."""

    NO_EFFECT = auto()
    """It certainly had no effect so far."""
    IN_DOUBT = auto()
    """It may have taken effect."""
    REFUSED = auto()
    """It was refused in a way that doesn't pass, and may have taken effect all the same."""


class Resolution(Enum):
    """How a doubt about an item is resolved."""

    REPEAT = auto()
    """It is sent again: the call is idempotent and takes effect only once."""
    LOOK_UP = auto()
    """The caller's `look_up` finds out."""
    NONE = auto()
    """A person must find out."""


class Event(Enum):
    """What just happened to an item."""

    TAKEN_UP = auto()
    """Its turn has come."""
    ANSWERED = auto()
    """The platform answered, or a look-up found that answer."""
    NOT_FOUND = auto()
    """A look-up found that it had no effect."""
    LOST = auto()
    """It may have taken effect, and nobody knows."""
    LIMITED = auto()
    """It was refused for its rate, and may have been accepted: the platform asks for the same once more (refunds)."""
    DISPUTED = auto()
    """It was refused in a way that doesn't pass, may have taken effect all the same, and a look-up can tell."""
    UNCLEAR = auto()
    """It may have taken effect, and neither sending it again nor looking it up would settle it: an answer that can't
    be believed, or a number that was used with other content."""
    FAILED = auto()
    """A temporary failure: an outage, a rate limit."""
    REFUSED = auto()
    """A permanent failure."""
    BLOCKED = auto()
    """The client can't call until a mistake is corrected."""
    OUT_OF_PATIENCE = auto()
    """It was tried for as long as `patience` allows."""


class Act(Enum):
    """What is done next, unless the item has come to its end."""

    SEND = auto()
    LOOK_UP = auto()


Step = Act | State
"""What is done next, or the state that the item ends in."""

_RESOLVING: dict[Resolution, Step] = {
    Resolution.REPEAT: Act.SEND,
    Resolution.LOOK_UP: Act.LOOK_UP,
    Resolution.NONE: "unknown",
}

# None stands for the step that resolves the doubt.
_TABLE: dict[tuple[Known, Event], tuple[Known, Step | None]] = {
    (Known.NO_EFFECT, Event.TAKEN_UP): (Known.NO_EFFECT, Act.SEND),
    (Known.NO_EFFECT, Event.ANSWERED): (Known.NO_EFFECT, "done"),
    (Known.NO_EFFECT, Event.LOST): (Known.IN_DOUBT, None),
    (Known.NO_EFFECT, Event.LIMITED): (Known.IN_DOUBT, Act.SEND),
    (Known.NO_EFFECT, Event.DISPUTED): (Known.REFUSED, Act.LOOK_UP),
    (Known.NO_EFFECT, Event.UNCLEAR): (Known.IN_DOUBT, "unknown"),
    (Known.NO_EFFECT, Event.FAILED): (Known.NO_EFFECT, Act.SEND),
    (Known.NO_EFFECT, Event.REFUSED): (Known.NO_EFFECT, "refused"),
    (Known.NO_EFFECT, Event.BLOCKED): (Known.NO_EFFECT, "waiting"),
    (Known.NO_EFFECT, Event.OUT_OF_PATIENCE): (Known.NO_EFFECT, "waiting"),
    (Known.IN_DOUBT, Event.TAKEN_UP): (Known.IN_DOUBT, None),
    (Known.IN_DOUBT, Event.ANSWERED): (Known.IN_DOUBT, "done"),
    (Known.IN_DOUBT, Event.NOT_FOUND): (Known.NO_EFFECT, Act.SEND),
    (Known.IN_DOUBT, Event.LOST): (Known.IN_DOUBT, None),
    (Known.IN_DOUBT, Event.LIMITED): (Known.IN_DOUBT, Act.SEND),
    (Known.IN_DOUBT, Event.UNCLEAR): (Known.IN_DOUBT, "unknown"),
    (Known.IN_DOUBT, Event.FAILED): (Known.IN_DOUBT, None),
    # The repetition was refused, or the look-up: what became of the first call is still open.
    (Known.IN_DOUBT, Event.REFUSED): (Known.IN_DOUBT, "unknown"),
    (Known.IN_DOUBT, Event.BLOCKED): (Known.IN_DOUBT, "sent"),
    (Known.IN_DOUBT, Event.OUT_OF_PATIENCE): (Known.IN_DOUBT, "sent"),
    # From here on it is only looked up.
    (Known.REFUSED, Event.ANSWERED): (Known.REFUSED, "done"),
    (Known.REFUSED, Event.NOT_FOUND): (Known.NO_EFFECT, "refused"),
    (Known.REFUSED, Event.UNCLEAR): (Known.REFUSED, "unknown"),
    (Known.REFUSED, Event.FAILED): (Known.REFUSED, Act.LOOK_UP),
    (Known.REFUSED, Event.REFUSED): (Known.REFUSED, "unknown"),
    (Known.REFUSED, Event.BLOCKED): (Known.REFUSED, "sent"),
    (Known.REFUSED, Event.OUT_OF_PATIENCE): (Known.REFUSED, "sent"),
}


def next_step(known: Known, event: Event, resolution: Resolution) -> tuple[Known, Step]:
    """What is known now, and what is done next.

    Args:
        known: what was known before.
        event: what just happened.
        resolution: how a doubt about this item is resolved.
    """
    known, step = _TABLE[known, event]
    return known, _RESOLVING[resolution] if step is None else step


def event_of(error: WeChatPayError, resolution: Resolution, *, looked_up: bool) -> Event:
    """What an error means for an item.

    Args:
        error: what a call, or a look-up, ended with.
        resolution: how a doubt about this item is resolved.
        looked_up: whether it was a look-up, which changes nothing and may be repeated whatever became of it.
    """
    if isinstance(error, ConfigurationError):
        return Event.BLOCKED
    idempotent = looked_up or resolution is Resolution.REPEAT
    if error.outcome == "unknown" and not idempotent:
        if isinstance(error, RateLimited) and resolution is Resolution.NONE:
            return Event.LIMITED
        # What wouldn't pass by sending it again is not sent again for as long as the batch has patience.
        if isinstance(error, APIError) and resolution is Resolution.LOOK_UP and not may_help(error, idempotent=True):
            return Event.UNCLEAR if _is_of_another(error) else Event.DISPUTED
        return Event.LOST
    if error.attempts == 0 and isinstance(error, RateLimited | TransportError):
        return Event.FAILED  # its turn didn't come, or its signer failed
    if may_help(error, idempotent=idempotent):
        return Event.LOST if error.outcome == "unknown" and not looked_up else Event.FAILED
    return Event.UNCLEAR if error.outcome == "unknown" else Event.REFUSED


def _is_of_another(refusal: APIError) -> bool:
    """Whether the number is that of something with other content, which a look-up would take for the item."""
    by_text = any(cause.name == "number-of-other-content" for cause in refusal.causes)
    return by_text or refusal.has_code("ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS", "FATAL_ERROR")
