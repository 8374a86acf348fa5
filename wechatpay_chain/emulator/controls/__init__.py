"""The controls: what is done to the emulated world from outside of the protocol.

With them, payers pay, the clock moves, notifications are sent with and without flaws, and the world is reset.
`Emulator` has these methods; the control interface and the command line call them.
"""

from __future__ import annotations

from .clock import Clock
from .notifications import Notifications
from .phone import Phone
from .snapshots import Snapshot, Snapshots

__all__ = ["Controls", "Snapshot"]


class Controls(Phone, Clock, Notifications, Snapshots):
    """Everything that can be done to a world from outside of the protocol."""
