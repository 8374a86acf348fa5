"""The ledger of control orders: accounts of a merchant at WeBank are punished, and recovered.

https://pay.weixin.qq.com/doc/v3/merchant/4016025247 (punish)
https://pay.weixin.qq.com/doc/v3/merchant/4016025279 (recover)
https://pay.weixin.qq.com/doc/v3/merchant/4016025274 (query)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.times import rfc3339
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .product import Product

_PATH = "/v3/aggracct-bc/wb-channel/control-orders"
# The version of the rules by which the emulator punishes; it has one.
_RULE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOrder(Record):
    """A punishment or a recovery. Its state says what became of the account: `ACTIVE`, `RECOVERED`, `SUCCESS`.

    Attributes:
        out_request_no: the merchant's number.
        number: the platform's number.
        content: what was asked for, secrets plain.
        punishment: of a recovery, the key of the punishment that it ended.
    """

    out_request_no: str
    number: str
    content: dict[str, Any] = field(repr=False)
    punishment: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_request_no}"


def _kind(name: str) -> Kind[ControlOrder]:
    return Kind(
        name=name,
        record=ControlOrder,
        key=lambda order: order.key,
        indexes={"number": lambda order: order.number},
    )


PUNISHMENTS = _kind("punishments")
RECOVERIES = _kind("recoveries")


def _punish(world: World, call: Call) -> dict[str, Any]:
    order = _repeated(world, PUNISHMENTS, call) or world.of(PUNISHMENTS).put(_order(world, call, "ACTIVE"))
    return {"wxpay_punish_no": order.number, "out_request_no": order.out_request_no}


def _recover(world: World, call: Call) -> dict[str, Any]:
    order = _repeated(world, RECOVERIES, call)
    if order is None:
        punishment = _active(world, call)
        order = world.of(RECOVERIES).put(_order(world, call, "SUCCESS", punishment.key))
        world.of(PUNISHMENTS).put(punishment.moved("RECOVERED", call.time))
    return {"wxpay_recover_no": order.number, "out_request_no": order.out_request_no}


def _query(world: World, call: Call) -> dict[str, Any]:
    kind = call.query["control_type"]
    table = world.of(PUNISHMENTS if kind == "PUNISH" else RECOVERIES)
    order = table.get(f"{call.mchid}/{call.values['out_request_no']}")
    if order is None or order.content["mchid"] != call.query["mchid"]:
        raise refusal.not_found("控制单不存在")
    if kind == "PUNISH":
        return {"control_scene": kind, "punish_order": _told_punishment(order)}
    punishment = world.of(PUNISHMENTS).get(order.punishment)
    return {"control_scene": kind, "recover_order": _told_recovery(order, punishment)}


def _order(world: World, call: Call, state: str, punishment: str = "") -> ControlOrder:
    # One after the other: who counts numbers sees whether one was taken twice.
    sequence = len(world.of(PUNISHMENTS)) + len(world.of(RECOVERIES)) + 1
    return ControlOrder(
        mchid=call.mchid,
        made=call.time,
        state=state,
        history=((call.time, state),),
        out_request_no=call.json["out_request_no"],
        number=f"{numbers.stamp(call.time, '%Y%m%d')}{sequence:020d}",
        content=call.json,
        punishment=punishment,
    )


def _repeated(world: World, kind: Kind[ControlOrder], call: Call) -> ControlOrder | None:
    order = world.of(kind).get(f"{call.mchid}/{call.json['out_request_no']}")
    if order is not None and order.content != call.json:
        raise refusal.repeated("out_request_no已被使用，且请求参数与首次请求不一致")
    return order


def _active(world: World, call: Call) -> ControlOrder:
    content: dict[str, Any] = call.json
    punishment = world.of(PUNISHMENTS).one("number", content["related_wxpay_punish_no"])
    if punishment is None:
        raise refusal.not_found("关联的管控单不存在")
    if any(punishment.content[name] != content[name] for name in ("mchid", "bal_account_no")):
        raise refusal.bad_parameter("/bal_account_no", "body", "not the account of the punishment")
    if punishment.state == "RECOVERED":
        raise refusal.invalid_state("关联的管控单已解除管控")
    return punishment


def _told_punishment(order: ControlOrder) -> dict[str, Any]:
    accepted = rfc3339(order.made)
    return _present(
        wxpay_punish_no=order.number,
        out_request_no=order.out_request_no,
        mchid=order.content["mchid"],
        punish_scene=order.content["punish_scene"],
        punish_rule_version=_RULE_VERSION,
        punish_reason=order.content.get("punish_reason"),
        punish_start_time=accepted,
        punish_end_time=order.content.get("punish_end_time"),
        punish_accept_time=accepted,
        punish_finish_time=accepted,
        punish_state="SUCCESS",
        effect_state=order.state,
    )


def _told_recovery(order: ControlOrder, punishment: ControlOrder | None) -> dict[str, Any]:
    accepted = rfc3339(order.made)
    return _present(
        wxpay_recover_no=order.number,
        out_request_no=order.out_request_no,
        related_wxpay_punish_no=order.content["related_wxpay_punish_no"],
        mchid=order.content["mchid"],
        # Numbers in a punishment's answer, texts in this one.
        punish_scene=None if punishment is None else str(punishment.content["punish_scene"]),
        punish_rule_version=str(_RULE_VERSION),
        recover_accept_time=accepted,
        recover_finish_time=accepted,
        recover_state="SUCCESS",
        recover_reason=order.content["recover_reason"],
    )


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


PRODUCT = Product(
    name="control_orders",
    kinds=(PUNISHMENTS, RECOVERIES),
    routes={
        f"POST {_PATH}/punish": _punish,
        f"POST {_PATH}/recover": _recover,
        f"GET {_PATH}/{{out_request_no}}": _query,
    },
)
