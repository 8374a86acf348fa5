"""Transfers of a merchant to people, which they confirm on their phones.

https://pay.weixin.qq.com/doc/v3/merchant/4012716434 (transfer), https://pay.weixin.qq.com/doc/v3/merchant/4012716437
(query), https://pay.weixin.qq.com/doc/v3/merchant/4012716458 (cancel); APIv2's pays at once:
https://pay.weixin.qq.com/doc/v2/merchant/4011989673
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import rfc3339, spaced
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .fen import fen
from .orders.apiv2 import content_of, fields_of
from .product import Product
from .wishes import wish

_BASE = "/v3/fund-app/mch-transfer/transfer-bills"
# Partners' calls are about a sub-merchant's money.
_PARTNER = "/v3/fund-app/mch-transfer/partner/transfer-bills"
_CONFIRMABLE = 24 * 3600
_TRANSIT = 1
# In fen: from here on the receiver's name is required, and under there it must not be given.
_NAMED = 200_000
_UNNAMED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Record):
    """A transfer: `ACCEPTED`, `WAIT_USER_CONFIRM`, `TRANSFERING`, then `SUCCESS` or `FAIL`; or `CANCELLED`.

    Attributes:
        out_bill_no: the merchant's number.
        transfer_bill_no: the platform's number.
        content: what was asked for, to be compared with a repeat.
        amount: in fen.
        openid: who gets it.
        protocol: how it was asked for.
        notify_url: where its end is announced.
        package_info: what the receiver's front end confirms by.
        failure: why it failed, or will.
    """

    out_bill_no: str
    transfer_bill_no: str
    content: dict[str, Any] = field(repr=False)
    amount: int
    openid: str
    protocol: Literal["v3", "v2"] = "v3"
    notify_url: str = ""
    package_info: str = ""
    failure: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_bill_no}"

    @property
    def updated(self) -> float:
        """When its state changed last, Unix time in seconds."""
        return self.history[-1][0]


def make(world: World, asked: Transfer) -> Transfer:
    """Make a transfer; a repeat gives the same one.

    Raises:
        Refusal: the number was used with other content.
    """
    known = world.of(TRANSFERS).get(asked.key)
    if known is None:
        return world.of(TRANSFERS).put(asked)
    if known.content != asked.content:
        raise Refusal(400, "ALREADY_EXISTS", "商户单号已存在，且请求参数与首次请求不一致")
    return known


def confirm(world: World, transfer: Transfer) -> Transfer:
    """The receiver confirms.

    Raises:
        Refusal: there is nothing to confirm.
    """
    if transfer.state != "WAIT_USER_CONFIRM":
        raise refusal.invalid_state(f"转账单状态为{transfer.state}，不能确认收款")
    now = world.now
    return world.of(TRANSFERS).put(transfer.moved("TRANSFERING", now, due=now + _TRANSIT, package_info=""))


def cancel(world: World, transfer: Transfer) -> Transfer:
    """The merchant calls a transfer off that isn't confirmed; a repeat changes nothing.

    Raises:
        Refusal: it was confirmed, or ended.
    """
    if transfer.state in {"CANCELING", "CANCELLED"}:
        return transfer
    if transfer.state not in {"ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM"}:
        raise refusal.invalid_state("转账单已确认或已结束，不能撤销")
    now = world.now
    return world.of(TRANSFERS).put(transfer.moved("CANCELING", now, due=now + _TRANSIT, package_info=""))


def find(world: World, mchid: str, out_bill_no: str) -> Transfer:
    """The transfer of a merchant's number.

    Raises:
        Refusal: there is none.
    """
    transfer = world.of(TRANSFERS).get(f"{mchid}/{out_bill_no}")
    if transfer is None:
        raise Refusal(404, "NOT_FOUND", "记录不存在")
    return transfer


def _ripen(world: World, transfer: Transfer) -> None:
    now = world.now
    if transfer.state == "ACCEPTED":
        world.of(TRANSFERS).put(_waiting(transfer, now))
    elif transfer.state == "TRANSFERING" and not transfer.failure:
        _end(world, transfer, "SUCCESS", "")
    elif transfer.state == "TRANSFERING":
        _end(world, transfer, "FAIL", transfer.failure)
    elif transfer.state == "CANCELING":
        _end(world, transfer, "CANCELLED", "")
    else:
        _end(world, transfer, "FAIL", "OVERDUE_CLOSE")


def _waiting(transfer: Transfer, now: float) -> Transfer:
    return transfer.moved("WAIT_USER_CONFIRM", now, due=now + _CONFIRMABLE, package_info=secrets.token_urlsafe(96))


def _end(world: World, transfer: Transfer, state: str, failure: str) -> None:
    ended = world.of(TRANSFERS).put(transfer.moved(state, world.now, failure=failure, package_info=""))
    members: dict[str, Any] = {
        "out_bill_no": ended.out_bill_no,
        "transfer_bill_no": ended.transfer_bill_no,
        "state": ended.state,
        **_of(ended),
        "mch_id": ended.mchid,
        "transfer_amount": ended.amount,
        "openid": ended.openid,
        "create_time": rfc3339(ended.made),
        "update_time": rfc3339(ended.updated),
    }
    world.announce(
        mchid=ended.mchid,
        about=(TRANSFERS.name, ended.key),
        notify_url=ended.notify_url,
        event_type="MCHTRANSFER.BILL.FINISHED",
        original_type="mch_payment",
        summary="商家转账单据终态通知",
        resource=members | ({"fail_reason": failure} if failure else {}),
    )


def _transfer(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    amount = fen(content["transfer_amount"], "/transfer_amount")
    if amount >= _NAMED and not content.get("user_name"):
        raise refusal.bad_parameter("/user_name", "body", "required from 2000 yuan on, but missing")
    if amount < _UNNAMED and content.get("user_name"):
        raise refusal.bad_parameter("/user_name", "body", "not allowed under 0.30 yuan")
    wished = wish(call)
    accepted = Transfer(
        mchid=call.mchid,
        made=call.time,
        state="ACCEPTED",
        due=call.time + _TRANSIT,
        history=((call.time, "ACCEPTED"),),
        out_bill_no=content["out_bill_no"],
        transfer_bill_no=numbers.transfer_bill_no(call.time),
        content=content,
        amount=amount,
        openid=content["openid"],
        notify_url=content.get("notify_url", ""),
        failure="PAYEE_ACCOUNT_ABNORMAL" if wished == "FAIL" else "",
    )
    transfer = make(world, accepted if wished == "ACCEPTED" else _waiting(accepted, call.time))
    members = _of(transfer) | {
        "out_bill_no": transfer.out_bill_no,
        "transfer_bill_no": transfer.transfer_bill_no,
        "create_time": rfc3339(transfer.made),
        "state": transfer.state,
    }
    return members | ({"package_info": transfer.package_info} if transfer.package_info else {})


def _query(world: World, call: Call) -> dict[str, Any]:
    return _told(_named(world, call, call.query))


def _named(world: World, call: Call, given: Mapping[str, Any]) -> Transfer:
    """The transfer of the path, if it is of the sub-merchant that was named."""
    transfer = find(world, call.mchid, call.values["out_bill_no"])
    if transfer.content.get("sub_mchid") != given.get("sub_mchid"):
        raise Refusal(404, "NOT_FOUND", "记录不存在")
    return transfer


def _of(transfer: Transfer) -> dict[str, Any]:
    """Whose money it is, of a partner's transfer."""
    content = transfer.content
    return {"sub_mchid": content["sub_mchid"]} if "sub_mchid" in content else {}


def _query_by_id(world: World, call: Call) -> dict[str, Any]:
    transfer = world.of(TRANSFERS).one("transfer_bill_no", call.values["transfer_bill_no"])
    if transfer is None or transfer.mchid != call.mchid:
        raise Refusal(404, "NOT_FOUND", "记录不存在")
    return _told(transfer)


def _told(transfer: Transfer) -> dict[str, Any]:
    content = transfer.content
    members: dict[str, Any] = _of(transfer) | {
        "mchid" if "sub_mchid" in content else "mch_id": transfer.mchid,
        "out_bill_no": transfer.out_bill_no,
        "transfer_bill_no": transfer.transfer_bill_no,
        "appid": content.get("appid") or content.get("mch_appid", ""),
        "state": transfer.state,
        "transfer_amount": transfer.amount,
        "transfer_remark": content.get("transfer_remark") or content.get("desc", ""),
        "openid": transfer.openid,
        "create_time": rfc3339(transfer.made),
        "update_time": rfc3339(transfer.updated),
    }
    if content.get("user_name"):
        members["user_name"] = content["user_name"]
    return members | ({"fail_reason": transfer.failure} if transfer.state == "FAIL" else {})


def _cancel(world: World, call: Call) -> dict[str, Any]:
    transfer = cancel(world, _named(world, call, call.json or {}))
    return _of(transfer) | {
        "out_bill_no": transfer.out_bill_no,
        "transfer_bill_no": transfer.transfer_bill_no,
        "state": transfer.state,
        "update_time": rfc3339(transfer.updated),
    }


def _transfer_v2(world: World, call: Call) -> dict[str, Any]:
    fields = fields_of(call)
    if fields["check_name"] == "FORCE_CHECK" and not fields.get("re_user_name"):
        raise Refusal(400, "PARAM_ERROR", "check_name为FORCE_CHECK时re_user_name必填")
    transfer = make(
        world,
        Transfer(
            mchid=call.mchid,
            made=call.time,
            state="SUCCESS",
            history=((call.time, "SUCCESS"),),
            out_bill_no=fields["partner_trade_no"],
            transfer_bill_no=numbers.transfer_bill_no(call.time),
            content=content_of(fields),
            amount=fen(fields["amount"], "amount"),
            openid=fields["openid"],
            protocol="v2",
        ),
    )
    return {
        "result_code": "SUCCESS",
        "mch_appid": fields["mch_appid"],
        "mchid": call.mchid,
        "partner_trade_no": transfer.out_bill_no,
        "payment_no": transfer.transfer_bill_no,
        "payment_time": spaced(transfer.made),
    }


def _query_v2(world: World, call: Call) -> dict[str, Any]:
    transfer = find(world, call.mchid, fields_of(call)["partner_trade_no"])
    states = {"SUCCESS": "SUCCESS", "FAIL": "FAILED", "CANCELLED": "FAILED"}
    return {
        "result_code": "SUCCESS",
        "partner_trade_no": transfer.out_bill_no,
        "appid": fields_of(call)["appid"],
        "mch_id": call.mchid,
        "detail_id": transfer.transfer_bill_no,
        "status": states.get(transfer.state, "PROCESSING"),
        "openid": transfer.openid,
        "payment_amount": transfer.amount,
        "transfer_time": spaced(transfer.made),
        "payment_time": spaced(transfer.updated),
        "desc": transfer.content.get("desc") or transfer.content.get("transfer_remark", ""),
    }


TRANSFERS = Kind(
    name="transfers",
    record=Transfer,
    key=lambda transfer: transfer.key,
    indexes={
        "transfer_bill_no": lambda transfer: transfer.transfer_bill_no,
        "out_bill_no": lambda transfer: transfer.out_bill_no,
    },
    ripen=_ripen,
)

PRODUCT = Product(
    name="transfers",
    kinds=(TRANSFERS,),
    routes={
        f"POST {_BASE}": _transfer,
        f"GET {_BASE}/out-bill-no/{{out_bill_no}}": _query,
        f"GET {_BASE}/transfer-bill-no/{{transfer_bill_no}}": _query_by_id,
        f"POST {_BASE}/out-bill-no/{{out_bill_no}}/cancel": _cancel,
        f"POST {_PARTNER}": _transfer,
        f"GET {_PARTNER}/out-bill-no/{{out_bill_no}}": _query,
        f"POST {_PARTNER}/out-bill-no/{{out_bill_no}}/cancel": _cancel,
        "POST /v2/mmpaymkttransfers/promotion/transfers": _transfer_v2,
        "POST /v2/mmpaymkttransfers/gettransferinfo": _query_v2,
    },
)
