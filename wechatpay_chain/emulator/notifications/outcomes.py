"""The states of a notification, and how an answer of the merchant changes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...errors import DecodeError
from ...wire import v2
from ..world.announcements import WAITING, Announcement
from .apps import Answer
from .messages import event_type_of
from .schedules import schedule_of
from .writer import Delivery

RETRYING = "RETRYING"
"""It was not acknowledged, and will be sent again."""
DELIVERED = "DELIVERED"
"""The merchant has acknowledged it."""
GIVEN_UP = "GIVEN_UP"
"""It was not acknowledged, and the schedule has ended."""
BY_HAND = "BY_HAND"
"""It is sent by hand only, not by a schedule."""
UNDELIVERABLE = "UNDELIVERABLE"
"""It has no address that it could be sent to."""

PENDING = (WAITING, RETRYING)
"""The states of notifications that the schedule will send."""

_SHOWN = 2000


def was_taken(announcement: Announcement, answer: Answer) -> bool:
    """Whether an answer acknowledges a notification.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791882: 200 or 204. APIv2 wants XML with a `return_code` of SUCCESS.
    """
    if answer.error or answer.status is None or not 200 <= answer.status < 300:
        return False
    if announcement.protocol == "v3":
        return True
    try:
        return v2.parse(answer.body).get("return_code") == "SUCCESS"
    except DecodeError:
        return False


def settled(found: Announcement, delivery: Delivery, answer: Answer, now: float) -> Announcement:
    """A notification after an attempt to deliver it.

    Args:
        found: the notification before it.
        delivery: the attempt.
        answer: the merchant's.
        now: the world's Unix time in seconds.
    """
    taken = was_taken(found, answer)
    attempt = {
        "time": now,
        "url": delivery.destination.url,
        "status": answer.status,
        "content_type": answer.content_type,
        "answer": answer.body[:_SHOWN].decode("utf-8", "replace"),
        "error": answer.error,
        "seconds": round(answer.seconds, 6),
        "taken": taken,
        "serial": delivery.serial,
        "flaw": delivery.flaw or "",
        "by_hand": delivery.by_hand,
    }
    attempts = (*found.attempts, attempt)
    if found.state != DELIVERED and taken and delivery.flaw is None:
        return found.moved(DELIVERED, now, attempts=attempts)
    if found.state == DELIVERED or delivery.by_hand:
        return replace(found, attempts=attempts)
    pause = schedule_of(event_type_of(found)).pause_after(scheduled(attempts))
    if pause is None:
        return found.moved(GIVEN_UP, now, attempts=attempts)
    # Counted from when it should have been sent, so that a clock that jumps over several attempts skips none.
    return found.moved(RETRYING, now, attempts=attempts, due=(found.due or found.made) + pause)


def scheduled(attempts: Iterable[Mapping[str, Any]]) -> int:
    """How many attempts the schedule has made."""
    return sum(not attempt.get("by_hand") for attempt in attempts)


def undelivered(found: Announcement, why: str, now: float) -> Announcement:
    """A notification that could not be sent.

    Args:
        found: the notification.
        why: the reason.
        now: the world's Unix time in seconds.
    """
    attempt = {"time": now, "url": found.notify_url, "status": None, "error": why, "taken": False}
    attempts = (*found.attempts, attempt)
    if found.state == DELIVERED:
        return replace(found, attempts=attempts)
    return found.moved(UNDELIVERABLE, now, attempts=attempts)
