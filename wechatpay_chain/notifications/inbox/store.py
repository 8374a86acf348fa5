"""`Inbox`: the protocol that `Webhook` stores notifications with."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from .message import Message


class Inbox(Protocol):
    """Keeps verified notifications until a worker has handled them."""

    def store(self, message: Message) -> Awaitable[None] | None:
        """Store a message, and return once that is committed. One whose key is there already changes nothing.

        Whatever it raises has the platform told 503, and it sends the notification again.
        """
        ...
