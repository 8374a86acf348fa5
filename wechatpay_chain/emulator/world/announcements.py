"""Announcements to merchants: the notifications that will be sent, and those that were."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from .records import Kind, Record

WAITING = "WAITING"
"""The state of an announcement of which no delivery was attempted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement(Record):
    """A notification, before it is encrypted and signed. The keys of the merchant `mchid` are used for both.

    Attributes:
        number: the notification's own, its `id` in the envelope.
        notify_url: where it is sent; empty if the merchant gave no address.
        event_type: as in the envelope; of APIv2, the catalogue's name of the notification.
        original_type: as in the envelope; empty for APIv2.
        summary: as in the envelope.
        resource: the resource before encryption; of APIv2, the elements.
        protocol: whether it is sent as JSON or as APIv2's XML.
        about: the table and the key of the record that it is about.
        attempts: an object for each attempt to deliver it.
    """

    number: str
    notify_url: str
    event_type: str
    original_type: str = ""
    summary: str = ""
    resource: dict[str, Any] = field(repr=False)
    protocol: Literal["v3", "v2"] = "v3"
    about: tuple[str, str]
    attempts: tuple[dict[str, Any], ...] = ()


def number() -> str:
    """A fresh notification number, 36 characters."""
    return str(uuid.uuid4())


ANNOUNCEMENTS = Kind(
    name="announcements",
    record=Announcement,
    key=lambda announcement: announcement.number,
    indexes={"about": lambda announcement: "/".join(announcement.about), "state": lambda found: found.state},
)
