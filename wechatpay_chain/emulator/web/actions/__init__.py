"""What can be done through the control interface, a module a subject."""

from __future__ import annotations

from ...controls import Controls
from ..action import Action
from .calls import Calls
from .clock import Clock
from .faults import Faults
from .merchants import Merchants
from .notifications import Notifications
from .phone import Phone
from .problems import Missing
from .records import Records
from .snapshots import Snapshots

__all__ = ["Missing", "actions_of"]

_SUBJECTS = (Calls, Records, Phone, Notifications, Faults, Clock, Merchants, Snapshots)


def actions_of(controls: Controls) -> tuple[Action, ...]:
    """Everything that can be done to a world.

    Args:
        controls: what it is done to.
    """
    return tuple(action for subject in _SUBJECTS for action in subject(controls).actions())
