"""Applications of sub-merchants, which a partner hands in.

https://pay.weixin.qq.com/doc/v3/partner/4012719997 (hand in), https://pay.weixin.qq.com/doc/v3/partner/4012697052
(query)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .product import Product

_BASE = "/v3/applyment4sub/applyment"
# Seconds that each step takes.
_STEP = 60
_NEXT = {
    "APPLYMENT_STATE_AUDITING": "APPLYMENT_STATE_TO_BE_CONFIRMED",
    "APPLYMENT_STATE_TO_BE_CONFIRMED": "APPLYMENT_STATE_TO_BE_SIGNED",
    "APPLYMENT_STATE_TO_BE_SIGNED": "APPLYMENT_STATE_SIGNING",
    "APPLYMENT_STATE_SIGNING": "APPLYMENT_STATE_FINISHED",
}
_MESSAGES = {
    "APPLYMENT_STATE_AUDITING": "审核中",
    "APPLYMENT_STATE_REJECTED": "已驳回",
    "APPLYMENT_STATE_TO_BE_CONFIRMED": "待账户验证",
    "APPLYMENT_STATE_TO_BE_SIGNED": "待签约",
    "APPLYMENT_STATE_SIGNING": "开通权限中",
    "APPLYMENT_STATE_FINISHED": "已完成",
}
_REJECTED = "emulator:REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applyment(Record):
    """An application, in the platform's own states. A shop whose short name is `emulator:REJECTED` is rejected.

    Attributes:
        business_code: the partner's number.
        applyment_id: the platform's number.
        content: what was handed in.
        sub_mchid: the new merchant's number, from the signing on.
    """

    business_code: str
    applyment_id: int
    content: dict[str, Any] = field(repr=False)
    sub_mchid: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.business_code}"


def _apply(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    known = world.of(APPLYMENTS).get(f"{call.mchid}/{content['business_code']}")
    if known is not None:
        if known.state == "APPLYMENT_STATE_REJECTED":
            return _told_id(world.of(APPLYMENTS).put(_handed_in(known, call)))
        if known.content != content:
            raise refusal.repeated("业务申请编号已存在，且请求参数与首次请求不一致")
        return _told_id(known)
    made = Applyment(
        mchid=call.mchid,
        made=call.time,
        state="",
        business_code=content["business_code"],
        applyment_id=2_000_000_000_000_000 + int(numbers.digits_of(14)),
        content=content,
    )
    return _told_id(world.of(APPLYMENTS).put(_handed_in(made, call)))


def _handed_in(applyment: Applyment, call: Call) -> Applyment:
    return applyment.moved("APPLYMENT_STATE_AUDITING", call.time, due=call.time + _STEP, content=call.json)


def _told_id(applyment: Applyment) -> dict[str, Any]:
    return {"applyment_id": applyment.applyment_id}


def _ripen(world: World, applyment: Applyment) -> None:
    now = world.now
    if applyment.content["business_info"]["merchant_shortname"] == _REJECTED:
        world.of(APPLYMENTS).put(applyment.moved("APPLYMENT_STATE_REJECTED", now))
        return
    state = _NEXT[applyment.state]
    moved = applyment.moved(state, now, due=now + _STEP if state in _NEXT else None)
    if state == "APPLYMENT_STATE_TO_BE_SIGNED":
        moved = replace(moved, sub_mchid=f"16{numbers.digits_of(8)}")
    world.of(APPLYMENTS).put(moved)


def _query_by_code(world: World, call: Call) -> dict[str, Any]:
    return _told(call, world.of(APPLYMENTS).get(f"{call.mchid}/{call.values['business_code']}"))


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    return _told(call, world.of(APPLYMENTS).one("applyment_id", call.values["applyment_id"]))


def _told(call: Call, applyment: Applyment | None) -> dict[str, Any]:
    if applyment is None or applyment.mchid != call.mchid:
        raise refusal.not_found("申请单不存在")
    members: dict[str, Any] = {
        "business_code": applyment.business_code,
        "applyment_id": applyment.applyment_id,
        "applyment_state": applyment.state,
        "applyment_state_msg": _MESSAGES[applyment.state],
    }
    if applyment.sub_mchid:
        members["sub_mchid"] = applyment.sub_mchid
        members["sign_url"] = f"https://pay.weixin.qq.com/public/apply4ec_sign/s?applymentId={applyment.applyment_id}"
    if applyment.state == "APPLYMENT_STATE_REJECTED":
        fault = {"field": "merchant_shortname", "field_name": "商户简称", "reject_reason": "商户简称不符合要求"}
        members["audit_detail"] = [fault]
    return members


APPLYMENTS = Kind(
    name="applyments",
    record=Applyment,
    key=lambda applyment: applyment.key,
    indexes={"applyment_id": lambda applyment: str(applyment.applyment_id)},
    ripen=_ripen,
)

PRODUCT = Product(
    name="applyments",
    kinds=(APPLYMENTS,),
    routes={
        f"POST {_BASE}/": _apply,
        f"GET {_BASE}/business_code/{{business_code}}": _query_by_code,
        f"GET {_BASE}/applyment_id/{{applyment_id}}": _query_by_id,
    },
)
