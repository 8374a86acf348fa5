"""Actions of people on their phones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...controls import Controls
from .. import views
from ..action import Action, Arguments
from ..fields import Field, Fields
from .common import MERCHANT

_WHO: Fields = {"what": Field(text="the number or link that a shop has of it", required=True), "mchid": MERCHANT}
_DETAIL: Fields = {"detail": Field(text="what the payer says")}
# The acts by name: the control, a description, and the fields beside the number and the merchant.
_ACTS: Mapping[str, tuple[Callable[..., Any], str, Fields]] = {
    "pay": (Controls.pay, "a payer pays an order", {}),
    "fail": (Controls.fail, "a payer's payment fails", {}),
    "cancel": (Controls.cancel, "a payer leaves without paying", {}),
    "expire": (Controls.expire, "an order's time is over", {}),
    "complain": (Controls.complain, "a payer complains of an order", _DETAIL),
    "confirm": (Controls.confirm, "who gets a transfer confirms it", {}),
    "confirm_service": (Controls.confirm_service, "who uses a service confirms its payscore order", {}),
    "open_red_packet": (Controls.open_red_packet, "a red packet is opened", {}),
}


class Phone:
    """Do what people do on their phones.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _act(self, given: Arguments, act: Callable[..., Any]) -> dict[str, Any]:
        members = dict(given)
        return views.record(act(self._controls, members.pop("what"), **members))

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return tuple(
            Action(
                method="POST",
                path=f"/phone/{name}",
                summary=f"The phone: {text}",
                do=partial(self._act, act=act),
                body={**_WHO, **more},
            )
            for name, (act, text, more) in _ACTS.items()
        )
