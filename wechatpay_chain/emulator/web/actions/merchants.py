"""Actions on merchants and on the platform's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ... import folder
from ...controls import Controls
from ...platform.keys import KeyPair
from ...platform.refusal import Refusal
from ...world.merchants import Merchant
from ..action import Action, Arguments
from ..fields import BadRequest, Field


class Merchants:
    """Add merchants, rotate keys.

    Args:
        controls: of the world to act on.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def _add_merchant(self, given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        if not (given["mchid"].isascii() and given["mchid"].isdecimal()):
            raise BadRequest("mchid must be a number, such as 1900000110")
        if given["mchid"] in world.merchants:
            raise Refusal(409, "ALREADY_EXISTS", f"there is a merchant {given['mchid']}")
        made = world.add_merchant(Merchant(mchid=given["mchid"], role=given.get("role", "direct")))
        settings = folder.settings_of(Path(), made, world.platform_keys[0], "")
        keys = ("WECHATPAY_MCHID", "WECHATPAY_SERIAL", "WECHATPAY_APIV3_KEY", "WECHATPAY_APIV2_KEY")
        return {
            "settings": {name: settings[name] for name in keys},
            "private_key": made.key.private_pem,
            "certificate": made.key.public_pem,
        }

    def _rotate(self, given: Arguments) -> list[str]:
        world = self._controls.world
        made = KeyPair.certified() if given["kind"] == "certificate" else KeyPair.wechatpay()
        world.platform_keys = (made, *world.platform_keys)
        return [key.serial for key in world.platform_keys]

    def actions(self) -> tuple[Action, ...]:
        """The actions on this subject."""
        return (
            Action(
                method="POST",
                path="/keys",
                summary="Give the platform a new key, as in a rotation",
                do=self._rotate,
                body={"kind": Field(choices=("certificate", "public-key"), required=True)},
                status=201,
            ),
            Action(
                method="POST",
                path="/merchants",
                summary="Let another merchant call, with fresh keys",
                do=self._add_merchant,
                body={
                    "mchid": Field(text="number of the merchant", required=True),
                    "role": Field(choices=("direct", "partner", "brand")),
                },
                status=201,
            ),
        )
