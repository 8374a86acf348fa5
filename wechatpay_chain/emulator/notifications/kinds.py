"""Finds the notification of the catalogue for a name."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

from ...catalogue import Event, events
from ...errors import ConfigurationError, type_of

APIV2_PREFIX = "v2/"
"""The prefix of the names of APIv2's notifications."""

_SUGGESTIONS = 3


@runtime_checkable
class HasPairs(Protocol):
    """A kind of `wechatpay_chain.notifications.kinds`."""

    @property
    def pairs(self) -> tuple[tuple[str, str | None], ...]:
        """Event types and original types."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of notification, as it is about to be sent.

    Attributes:
        event_type: such as `TRANSACTION.SUCCESS`; of APIv2 with `v2/` before it, as `Notification.event_type` has it.
        original_type: such as `transaction`; empty where the platform doesn't say.
        event: its entry in the catalogue.
    """

    event_type: str
    original_type: str
    event: Event

    @property
    def is_apiv2(self) -> bool:
        """Whether it is XML, in the manner of APIv2."""
        return self.event.generation == "v2"


def find_kind(named: str | HasPairs, original_type: str | None = None) -> Kind:
    """Find a kind by its name.

    Args:
        named: an event type such as `TRANSACTION.SUCCESS`, the name of a notification of APIv2 such as
            `v2/transaction-success`, or one of `wechatpay_chain.notifications.kinds`.
        original_type: the resource's `original_type`, where an event type has several.

    Raises:
        ConfigurationError: the catalogue knows no such notification.
    """
    if not isinstance(named, str):
        if not isinstance(named, HasPairs):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError("kind", f"{type_of(named)} was found", "Give an event type, as a text, or a Kind")
        event_type, original = max(named.pairs, key=lambda pair: bool(pair[1]))
        named, original_type = event_type, original_type or original
    if named.startswith(APIV2_PREFIX):
        found = [event for event in events() if event.generation == "v2" and APIV2_PREFIX + event.id == named]
    else:
        found = [event for event in events() if event.generation == "v3" and named in event.event_types]
        exact = [event for event in found if original_type in event.original_types]
        found = exact or sorted(found, key=lambda event: event.id != named)
    if not found:
        raise ConfigurationError("kind", f"{named!r} is no notification of the catalogue", _remedy(named))
    event = found[0]
    first = event.original_types[0] if event.original_types else ""
    return Kind(event_type=named, original_type=first if original_type is None else original_type, event=event)


def names() -> list[str]:
    """The names of all kinds, sorted."""
    apiv2 = {APIV2_PREFIX + event.id for event in events() if event.generation == "v2"}
    return sorted({*apiv2, *(name for event in events() if event.generation == "v3" for name in event.event_types)})


def _remedy(name: str) -> str:
    close = get_close_matches(name.upper(), names(), _SUGGESTIONS, 0.5) or ["TRANSACTION.SUCCESS"]
    return f"Give one of the event types, such as {', '.join(close)}"
