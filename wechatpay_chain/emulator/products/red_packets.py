"""Red packets, which APIv2 alone has: sent, opened on the phone, and given back after 24 hours.

https://pay.weixin.qq.com/doc/v2/merchant/4011987649
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import spaced
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .fen import fen
from .orders.apiv2 import content_of, fields_of
from .product import Product

_OPENABLE = 24 * 3600
_BASE = "/v2/mmpaymkttransfers"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedPacket(Record):
    """A red packet: `SENT`, then `RECEIVED`, or `REFUND` where nobody opened it.

    Attributes:
        mch_billno: the merchant's number.
        send_listid: the platform's number.
        content: what was asked for, to be compared with a repeat.
        amount: in fen.
        openid: who gets it.
        kind: `NORMAL` or `GROUP`.
    """

    mch_billno: str
    send_listid: str
    content: dict[str, Any] = field(repr=False)
    amount: int
    openid: str
    kind: str

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.mch_billno}"


def open_packet(world: World, packet: RedPacket) -> RedPacket:
    """Who got it opens it.

    Raises:
        Refusal: it was opened, or given back.
    """
    if packet.state != "SENT":
        raise Refusal(400, "INVALID_REQUEST", "红包已领取或已退回")
    return world.of(RED_PACKETS).put(packet.moved("RECEIVED", world.now))


def _send(world: World, call: Call, kind: str) -> dict[str, Any]:
    fields = fields_of(call)
    table = world.of(RED_PACKETS)
    packet = table.get(f"{call.mchid}/{fields['mch_billno']}")
    if packet is None:
        packet = table.put(
            RedPacket(
                mchid=call.mchid,
                made=call.time,
                state="SENT",
                due=call.time + _OPENABLE,
                history=((call.time, "SENT"),),
                mch_billno=fields["mch_billno"],
                send_listid=f"1000{numbers.digits_of(24)}",
                content=content_of(fields),
                amount=fen(fields["total_amount"], "total_amount"),
                openid=fields["re_openid"],
                kind=kind,
            )
        )
    elif packet.content != content_of(fields):
        raise Refusal(400, "PARAM_ERROR", "更换了参数，但商户订单号未更换，请使用原单号原参数重试")
    return {
        "result_code": "SUCCESS",
        "mch_billno": packet.mch_billno,
        "mch_id": call.mchid,
        "wxappid": fields["wxappid"],
        "re_openid": packet.openid,
        "total_amount": packet.amount,
        "send_listid": packet.send_listid,
    }


def _normal(world: World, call: Call) -> dict[str, Any]:
    return _send(world, call, "NORMAL")


def _group(world: World, call: Call) -> dict[str, Any]:
    return _send(world, call, "GROUP")


def _query(world: World, call: Call) -> dict[str, Any]:
    packet = world.of(RED_PACKETS).get(f"{call.mchid}/{fields_of(call)['mch_billno']}")
    if packet is None:
        raise Refusal(404, "NOT_FOUND", "指定单号数据不存在")
    members: dict[str, Any] = {
        "result_code": "SUCCESS",
        "mch_billno": packet.mch_billno,
        "mch_id": call.mchid,
        "detail_id": packet.send_listid,
        "status": packet.state,
        "send_type": "API",
        "hb_type": packet.kind,
        "total_num": packet.content["total_num"],
        "total_amount": packet.amount,
        "send_time": spaced(packet.made),
        "wishing": packet.content["wishing"],
        "remark": packet.content["remark"],
        "act_name": packet.content["act_name"],
    }
    if packet.state == "REFUND":
        members |= {"refund_time": spaced(packet.history[-1][0]), "refund_amount": packet.amount}
    return members


def _ripen(world: World, packet: RedPacket) -> None:
    world.of(RED_PACKETS).put(packet.moved("REFUND", world.now))


RED_PACKETS = Kind(
    name="red_packets",
    record=RedPacket,
    key=lambda packet: packet.key,
    indexes={"mch_billno": lambda packet: packet.mch_billno},
    ripen=_ripen,
)

PRODUCT = Product(
    name="red_packets",
    kinds=(RED_PACKETS,),
    routes={
        f"POST {_BASE}/sendredpack": _normal,
        f"POST {_BASE}/sendgroupredpack": _group,
        f"POST {_BASE}/gethbinfo": _query,
    },
)
