"""The ledger of control orders: accounts of a merchant at WeBank are punished, and recovered.

https://pay.weixin.qq.com/doc/v3/merchant/4016025247 (punish)
https://pay.weixin.qq.com/doc/v3/merchant/4016025279 (recover)
https://pay.weixin.qq.com/doc/v3/merchant/4016025274 (query)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.routes import Routes
from ..platform.times import rfc3339

_PATH = "/v3/aggracct-bc/wb-channel/control-orders"
# The version of the rules by which the emulator punishes; it has one.
_RULE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of either kind.

    Attributes:
        number: the platform's number.
        content: what was asked for, secrets plain.
        accepted: when, Unix time in seconds.
    """

    number: str
    content: dict[str, Any] = field(repr=False)
    accepted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Punishment(Order):
    """An account was put under control; `recovered` once it was released."""

    recovered: bool = False

    @property
    def account(self) -> tuple[str, str]:
        """Merchant and account."""
        return self.content["mchid"], self.content["bal_account_no"]

    def told(self) -> dict[str, Any]:
        """The order as a query tells it."""
        accepted = rfc3339(self.accepted)
        return _present(
            wxpay_punish_no=self.number,
            out_request_no=self.content["out_request_no"],
            mchid=self.content["mchid"],
            punish_scene=self.content["punish_scene"],
            punish_rule_version=_RULE_VERSION,
            punish_reason=self.content.get("punish_reason"),
            punish_start_time=accepted,
            punish_end_time=self.content.get("punish_end_time"),
            punish_accept_time=accepted,
            punish_finish_time=accepted,
            punish_state="SUCCESS",
            effect_state="RECOVERED" if self.recovered else "ACTIVE",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Order):
    """An account was released from a punishment."""

    punishment: Punishment

    def told(self) -> dict[str, Any]:
        """The order as a query tells it."""
        accepted = rfc3339(self.accepted)
        return _present(
            wxpay_recover_no=self.number,
            out_request_no=self.content["out_request_no"],
            related_wxpay_punish_no=self.content["related_wxpay_punish_no"],
            mchid=self.content["mchid"],
            # Numbers in a punishment's answer, texts in this one.
            punish_scene=str(self.punishment.content["punish_scene"]),
            punish_rule_version=str(_RULE_VERSION),
            recover_accept_time=accepted,
            recover_finish_time=accepted,
            recover_state="SUCCESS",
            recover_reason=self.content["recover_reason"],
        )


class ControlOrders:
    """Punishments and recoveries, each by the merchant's own number."""

    def __init__(self) -> None:
        self._punishments: dict[str, Punishment] = {}
        self._recoveries: dict[str, Recovery] = {}
        self._sequence = itertools.count(1)
        self._lock = Lock()

    def register(self, routes: Routes) -> None:
        """Add the ledger's routes."""
        routes.add("POST", f"{_PATH}/punish", self.punish)
        routes.add("POST", f"{_PATH}/recover", self.recover)
        routes.add("GET", f"{_PATH}/{{out_request_no}}", self.query)

    def punish(self, call: Call) -> dict[str, Any]:
        """Put an account under control.

        Raises:
            Refusal: the number was used with other content.
        """
        content: dict[str, Any] = call.json
        with self._lock:
            order = self._punishments.get(content["out_request_no"])
            if order is None:
                order = Punishment(number=self._number(call.time), content=content, accepted=call.time)
                self._punishments[content["out_request_no"]] = order
            _same_content(order, content)
        return {"wxpay_punish_no": order.number, "out_request_no": content["out_request_no"]}

    def recover(self, call: Call) -> dict[str, Any]:
        """Release an account from a punishment.

        Raises:
            Refusal: the number was used with other content; or there is no such punishment, it was of another account,
                or the account was already released from it.
        """
        content: dict[str, Any] = call.json
        with self._lock:
            order = self._recoveries.get(content["out_request_no"])
            if order is None:
                punishment = self._active(content)
                order = Recovery(
                    number=self._number(call.time), content=content, accepted=call.time, punishment=punishment
                )
                self._recoveries[content["out_request_no"]] = order
                self._punishments[punishment.content["out_request_no"]] = replace(punishment, recovered=True)
            _same_content(order, content)
        return {"wxpay_recover_no": order.number, "out_request_no": content["out_request_no"]}

    def query(self, call: Call) -> dict[str, Any]:
        """Tell an order by the merchant's own number, its kind and the merchant it is about.

        Raises:
            Refusal: there is none.
        """
        number, kind = call.values["out_request_no"], call.query["control_type"]
        with self._lock:
            order = self._punishments.get(number) if kind == "PUNISH" else self._recoveries.get(number)
        if order is None or order.content["mchid"] != call.query["mchid"]:
            raise refusal.not_found("控制单不存在")
        return {"control_scene": kind, f"{kind.lower()}_order": order.told()}

    def _active(self, content: dict[str, Any]) -> Punishment:
        wanted = content["related_wxpay_punish_no"]
        punishment = next((order for order in self._punishments.values() if order.number == wanted), None)
        if punishment is None:
            raise refusal.not_found("关联的管控单不存在")
        if punishment.account != (content["mchid"], content["bal_account_no"]):
            raise refusal.bad_parameter("/bal_account_no", "body", "not the account of the punishment")
        if punishment.recovered:
            raise refusal.invalid_state("关联的管控单已解除管控")
        return punishment

    def _number(self, now: float) -> str:
        return f"{rfc3339(now)[:10].replace('-', '')}{next(self._sequence):020d}"


def _same_content(order: Order, content: dict[str, Any]) -> None:
    if order.content != content:
        raise refusal.repeated("out_request_no已被使用，且请求参数与首次请求不一致")


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
