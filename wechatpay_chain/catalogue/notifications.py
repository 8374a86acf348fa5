"""The notifications that the platform sends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from .records import SITE, Fields, Record
from .records import events as _records

_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One kind of notification.

    Attributes:
        id: the catalogue's own name of it; for APIv3 mostly the event type.
        generation: `v3` (JSON, sealed resource) or `v2`.
        event_types: values of `event_type`; some notifications share one.
        original_types: values of `resource.original_type`, where a page says.
        name: official Chinese name.
        encoding: `json` or `xml`.
        fields: of the decrypted resource; without encryption, of the message itself.
        pages: its official pages.
        derived: inferred from the service provider's notification by the platform's rule; no official page was found.
    """

    id: str
    generation: Literal["v2", "v3"]
    event_types: tuple[str, ...]
    original_types: tuple[str, ...]
    name: str
    encoding: Literal["json", "xml"]
    fields: Fields = field(repr=False)
    pages: tuple[str, ...] = field(repr=False)
    derived: bool = False

    @property
    def title(self) -> str:
        """Its name in lists of both generations: its id, with `v2/` before it for APIv2."""
        return f"v2/{self.id}" if self.generation == "v2" else self.id

    @property
    def constant(self) -> str:
        """The name of its constant in `wechatpay_chain.notifications.kinds`."""
        name = "_".join(_WORD.findall(self.id)).upper()
        if self.generation == "v3":
            return name
        # Some encrypted events of APIv2 have the names of other things.
        return f"V2_EVENT_{name}" if self.event_types else f"V2_{name}"

    @property
    def type_name(self) -> str:
        """The name of its resource's type in `wechatpay_chain.types.notifications`; a resource of one shape has one."""
        return "".join(word.capitalize() for word in _WORD.findall(self.constant))


@cache
def events() -> tuple[Event, ...]:
    """All notifications."""
    return tuple(_event(record) for record in _records())


def find_events(event_type: str, original_type: str | None = None) -> tuple[Event, ...]:
    """The notifications of an event type; more than one where the platform uses it for several things.

    Args:
        event_type: such as `TRANSACTION.SUCCESS`.
        original_type: the message's `resource.original_type`. It narrows the answer to the notifications known to have
            it; if there are none, to those whose original type no page says.
    """
    found = tuple(event for event in events() if event_type in event.event_types)
    if original_type is None:
        return found
    named = tuple(event for event in found if original_type in event.original_types)
    return named or tuple(event for event in found if not event.original_types)


def events_named(name: str) -> tuple[Event, ...]:
    """The notifications of a name, those that bear it before those that share the event type.

    Args:
        name: an event type, a constant of `kinds`, the name of a type, or a title.
    """
    named = [event for event in events() if name in {event.title, event.constant, event.type_name}]
    sharing = [event for event in events() if name in event.event_types and event not in named]
    return (*named, *sharing)


def _event(record: Record) -> Event:
    return Event(
        id=record["id"],
        generation=record["gen"],
        event_types=tuple(record.get("event_type", ())),
        original_types=tuple(record.get("original_type", ())),
        name=record["title"],
        encoding=record["encoding"],
        fields=record.get("resource", {}),
        pages=tuple(SITE + page for page in record["docs"]),
        derived=record.get("src") == "derived",
    )
