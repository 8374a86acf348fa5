"""Actions on notifications: listing those that were sent, and sending some by hand."""

from __future__ import annotations

from typing import Any

from ...controls import Controls
from ...world.announcements import ANNOUNCEMENTS
from .. import views
from ..action import Action, Arguments
from ..fields import Field
from .common import AFTER, FLAW, MANY, MERCHANT, SERIAL
from .problems import Missing


class Notifications:
    """Show and send notifications.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _notifications(self, given: Arguments) -> list[dict[str, Any]]:
        return [views.notification(found) for found in self._controls.notifications[-given.get("limit", 100) :]]

    def _notification(self, given: Arguments) -> dict[str, Any]:
        found = self._controls.world.of(ANNOUNCEMENTS).get(given["number"])
        if found is None:
            raise Missing(f"there is no notification {given['number']}")
        return views.notification(found)

    def _trigger(self, given: Arguments) -> dict[str, Any]:
        arguments = dict(given)
        kind = arguments.pop("kind")
        return views.notification(self._controls.trigger(kind, arguments.pop("resource", None), **arguments))

    def _send_again(self, given: Arguments) -> dict[str, Any]:
        found = self._notification(given)
        arguments = {name: value for name, value in given.items() if name != "number"}
        self._controls.notifier.send_again(found["number"], **arguments)
        return found

    def _hold(self, given: Arguments) -> dict[str, Any]:
        (self._controls.notifier.hold if given["held"] else self._controls.notifier.release)()
        return {"held": given["held"]}

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(
                method="GET",
                path="/notifications",
                summary="The last notifications",
                do=self._notifications,
                query=MANY,
            ),
            Action(
                method="POST",
                path="/notifications",
                summary="Send a notification by hand",
                do=self._trigger,
                body={
                    "kind": Field(text="event type, of APIv2 after v2/", required=True),
                    "resource": Field(type="object", text="members in place of the sample's"),
                    "notify_url": Field(text="where to"),
                    "mchid": MERCHANT,
                    "original_type": Field(text="the resource's"),
                    "times": Field(type="integer", text="how often", least=1, most=100),
                    "after": AFTER,
                    "flaw": FLAW,
                    "serial": SERIAL,
                },
                status=201,
            ),
            Action(method="GET", path="/notifications/{number}", summary="A notification", do=self._notification),
            Action(
                method="POST",
                path="/notifications/{number}/send",
                summary="Send a notification once more",
                do=self._send_again,
                body={"flaw": FLAW, "serial": SERIAL, "after": AFTER},
            ),
            Action(
                method="POST",
                path="/hold",
                summary="Hold notifications back, or let them go",
                do=self._hold,
                body={"held": Field(type="boolean", required=True)},
            ),
        )
