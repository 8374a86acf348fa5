"""The controls: what is done to the emulated world from outside of the protocol.

Payers pay, the clock moves, notifications are sent and sent wrongly, faults strike, and everything begins anew.
`Emulator` has these methods; the control interface and the command line call them.
"""

from __future__ import annotations

from .clock import Clock
from .notifications import Notifications
from .phone import Phone
from .snapshots import Snapshot, Snapshots

__all__ = ["Controls", "Snapshot"]


class Controls(Phone, Clock, Notifications, Snapshots):
    """Everything that is done to a world from outside."""
