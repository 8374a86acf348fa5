"""Profit sharing: parts of an order's money go to receivers, and may come back.

https://pay.weixin.qq.com/doc/v3/merchant/4012528995 (receivers), https://pay.weixin.qq.com/doc/v3/merchant/4012529092
(orders), https://pay.weixin.qq.com/doc/v3/merchant/4012529132 (returns)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.refusal import Refusal
from ..platform.times import rfc3339
from ..world import numbers
from ..world.records import Kind, Record
from ..world.world import World
from .orders import ORDERS
from .orders.record import Order
from .product import Product
from .wishes import PREFIX

_BASE = "/v3/profitsharing"
_MOST_REQUESTS = 50
_MOST_RECEIVERS = 50
# Of ten thousand: what may be shared without a special agreement.
_RATIO = 3000
_TRANSIT = 1
_RETURNABLE = 180 * 86400
_FAILURES = {
    "ACCOUNT_ABNORMAL",
    "NO_RELATION",
    "RECEIVER_HIGH_RISK",
    "RECEIVER_REAL_NAME_NOT_VERIFIED",
    "NO_AUTH",
    "RECEIVER_RECEIPT_LIMIT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver(Record):
    """Someone who may get a part: `ADDED` until removed.

    Attributes:
        sub_mchid: of a partner's receiver, whose money is shared.
        type: `MERCHANT_ID`, `PERSONAL_OPENID` or `PERSONAL_SUB_OPENID`.
        account: merchant number or openid.
        content: what was told of the relation.
    """

    sub_mchid: str
    type: str
    account: str
    content: dict[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.sub_mchid}/{self.type}/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing(Record):
    """A request to share an order, or to unfreeze what is left: `PROCESSING`, then `FINISHED`.

    Attributes:
        out_order_no: the merchant's number.
        order_id: the platform's number.
        order: the key of the order.
        content: what was asked for, to be compared with a repeat.
        parts: what each receiver gets, and what became of it.
        unfreezes: whether what is left becomes the merchant's own.
    """

    out_order_no: str
    order_id: str
    order: str
    content: dict[str, Any] = field(repr=False)
    parts: list[dict[str, Any]]
    unfreezes: bool

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_order_no}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Record):
    """A receiver gives back: `PROCESSING`, then `SUCCESS` or `FAILED`.

    Attributes:
        out_return_no: the merchant's number.
        return_id: the platform's number.
        sharing: the key of the sharing.
        content: what was asked for, to be compared with a repeat.
        amount: in fen.
        finished: when it ended, Unix time in seconds.
        failure: why it will fail; empty where it won't.
    """

    out_return_no: str
    return_id: str
    sharing: str
    content: dict[str, Any] = field(repr=False)
    amount: int
    finished: float = 0.0
    failure: str = ""

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.mchid}/{self.out_return_no}"


def left(order: Order) -> int:
    """What of an order can still be shared, in fen."""
    return order.total - order.refunded - order.shared if order.sharing else 0


def share(world: World, order: Order, asked: Sharing) -> Sharing:
    """Share an order, or unfreeze it; a repeat gives the same answer.

    Raises:
        Refusal: the number was used with other content, a receiver is unknown, or the order hasn't so much to share.
    """
    known = world.of(SHARINGS).get(asked.key)
    if known is not None:
        if known.content != asked.content:
            raise refusal.repeated("商户分账单号重复，且请求参数与首次请求不一致")
        return known
    amount = sum(part["amount"] for part in asked.parts)
    _check(world, order, asked, amount)
    world.of(ORDERS).put(replace(order, shared=order.shared + amount, sharing=order.sharing and not asked.unfreezes))
    return world.of(SHARINGS).put(replace(asked, due=world.now + _TRANSIT, history=((world.now, asked.state),)))


def _check(world: World, order: Order, asked: Sharing, amount: int) -> None:
    if not order.sharing:
        raise refusal.invalid_state("订单不是分账订单，或剩余资金已解冻")
    if len(asked.parts) > _MOST_RECEIVERS:
        raise refusal.bad_parameter("/receivers", "body", f"at most {_MOST_RECEIVERS} receivers are allowed")
    if len(world.of(SHARINGS).by("order", order.key)) >= _MOST_REQUESTS:
        raise refusal.invalid_state(f"一笔订单最多分账{_MOST_REQUESTS}次")
    for index, part in enumerate(asked.parts):
        if part["amount"] <= 0:
            raise refusal.bad_parameter(f"/receivers/{index}/amount", "body", "at least 1 is required")
        receiver = f"{asked.mchid}/{order.sub_mchid}/{part['type']}/{part['account']}"
        if world.of(RECEIVERS).get(receiver) is None:
            raise refusal.invalid_state("分账接收方不存在，请先添加分账接收方")
    if amount > left(order):
        raise Refusal(403, "NOT_ENOUGH", "分账金额不足，剩余待分金额小于请求金额")
    if (order.shared + amount) * 10000 > order.total * _RATIO:
        raise Refusal(403, "RULE_LIMIT", "分账金额超过最大分账比例")


def finish(world: World, sharing: Sharing) -> Sharing:
    """The receivers have their money, or can't have it; each success is announced."""
    now, closed = world.now, 0
    parts: list[dict[str, Any]] = []
    for part in sharing.parts:
        failure = part["description"].removeprefix(PREFIX)
        fails = part["description"].startswith(PREFIX) and failure in _FAILURES
        ended = {**part, "result": "CLOSED" if fails else "SUCCESS", "finish_time": rfc3339(now)}
        parts.append(ended | {"fail_reason": failure} if fails else ended)
        closed += part["amount"] if fails else 0
    order = _order_of(world, sharing)
    world.of(ORDERS).put(replace(order, shared=order.shared - closed))
    done = world.of(SHARINGS).put(sharing.moved("FINISHED", now, parts=parts))
    for part in parts:
        if part["result"] == "SUCCESS":
            _announce(world, done, order, part)
    return done


def _announce(world: World, sharing: Sharing, order: Order, part: Mapping[str, Any]) -> None:
    parties = {"sp_mchid": order.mchid, "sub_mchid": order.sub_mchid} if order.sub_mchid else {"mchid": order.mchid}
    receiver = {name: part[name] for name in ("type", "account", "amount", "description")}
    world.announce(
        mchid=sharing.mchid,
        about=(SHARINGS.name, sharing.key),
        # The portal holds the address of these, not the call.
        notify_url="",
        event_type="TRANSACTION.SUCCESS",
        original_type="profitsharing",
        summary="分账",
        resource={
            **parties,
            "transaction_id": order.transaction_id,
            "order_id": sharing.order_id,
            "out_order_no": sharing.out_order_no,
            "receiver": receiver,
            "success_time": part["finish_time"],
        },
    )


def give_back(world: World, sharing: Sharing, asked: Return) -> Return:
    """A receiver gives back; a repeat gives the same answer.

    Raises:
        Refusal: the number was used with other content, or the receiver hasn't got so much.
    """
    known = world.of(RETURNS).get(asked.key)
    if known is not None:
        if known.content != asked.content:
            raise refusal.repeated("商户回退单号重复，且请求参数与首次请求不一致")
        return known
    got = sum(
        part["amount"]
        for part in sharing.parts
        if part["account"] == asked.content["return_mchid"] and part["result"] == "SUCCESS"
    )
    returned = sum(
        one.amount
        for one in world.of(RETURNS).by("sharing", sharing.key)
        if one.state != "FAILED" and one.content["return_mchid"] == asked.content["return_mchid"]
    )
    if sharing.state != "FINISHED":
        raise refusal.invalid_state("分账处理中，不能回退")
    if world.now - sharing.made > _RETURNABLE:
        raise refusal.invalid_state("分账已超过180天，不能回退")
    if not 0 < asked.amount <= got - returned:
        raise Refusal(403, "NOT_ENOUGH", "回退金额大于该接收方可回退的金额")
    return world.of(RETURNS).put(replace(asked, due=world.now + _TRANSIT, history=((world.now, asked.state),)))


def _finish_return(world: World, found: Return) -> None:
    if found.failure:
        world.of(RETURNS).put(found.moved("FAILED", world.now, finished=world.now))
        return
    sharing = world.of(SHARINGS).get(found.sharing)
    if sharing is not None:
        order = _order_of(world, sharing)
        world.of(ORDERS).put(replace(order, shared=order.shared - found.amount))
    world.of(RETURNS).put(found.moved("SUCCESS", world.now, finished=world.now))


def _order_of(world: World, sharing: Sharing) -> Order:
    order = world.of(ORDERS).get(sharing.order)
    if order is None:
        raise refusal.no_order()
    return order


def _add(world: World, call: Call) -> dict[str, Any]:
    receiver = Receiver(
        mchid=call.mchid,
        made=call.time,
        state="ADDED",
        history=((call.time, "ADDED"),),
        sub_mchid=call.json.get("sub_mchid", ""),
        type=call.json["type"],
        account=call.json["account"],
        content=call.json,
    )
    if receiver.type == "MERCHANT_ID" and not call.json.get("name"):
        raise refusal.bad_parameter("/name", "body", "required where type is MERCHANT_ID, but missing")
    known = world.of(RECEIVERS).put(receiver)
    told = ("sub_mchid", "type", "account", "name", "relation_type", "custom_relation")
    return {name: known.content[name] for name in told if name in known.content}


def _delete(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    key = f"{call.mchid}/{content.get('sub_mchid', '')}/{content['type']}/{content['account']}"
    if world.of(RECEIVERS).get(key) is None:
        raise refusal.invalid_state("分账接收方不存在")
    world.of(RECEIVERS).remove(key)
    return {name: content[name] for name in ("sub_mchid", "type", "account") if name in content}


def _share(world: World, call: Call) -> dict[str, Any]:
    return _told(
        world, _requested(world, call, call.json.get("receivers", []), unfreezes=call.json["unfreeze_unsplit"])
    )


def _unfreeze(world: World, call: Call) -> dict[str, Any]:
    return _told(world, _requested(world, call, [], unfreezes=True))


def _requested(world: World, call: Call, receivers: list[dict[str, Any]], *, unfreezes: bool) -> Sharing:
    content: dict[str, Any] = call.json
    order = _paid(world, call, content["transaction_id"], content.get("sub_mchid", ""))
    created = rfc3339(call.time)
    parts = [
        {name: receiver[name] for name in ("type", "account", "amount", "description")}
        | {"result": "PENDING", "detail_id": numbers.sharing_id(), "create_time": created, "finish_time": created}
        for receiver in receivers
    ]
    return share(
        world,
        order,
        Sharing(
            mchid=call.mchid,
            made=call.time,
            state="PROCESSING",
            out_order_no=content["out_order_no"],
            order_id=numbers.sharing_id(),
            order=order.key,
            content=content,
            parts=parts,
            unfreezes=unfreezes,
        ),
    )


def _paid(world: World, call: Call, transaction_id: str, sub_mchid: str) -> Order:
    order = world.of(ORDERS).one("transaction_id", transaction_id)
    if order is None or order.mchid != call.mchid or order.sub_mchid != sub_mchid:
        raise refusal.no_order()
    return order


def _told(world: World, sharing: Sharing) -> dict[str, Any]:
    order = _order_of(world, sharing)
    members: dict[str, Any] = {"sub_mchid": order.sub_mchid} if order.sub_mchid else {}
    return members | {
        "transaction_id": order.transaction_id,
        "out_order_no": sharing.out_order_no,
        "order_id": sharing.order_id,
        "state": sharing.state,
        "receivers": sharing.parts,
    }


def _query(world: World, call: Call) -> dict[str, Any]:
    order = _paid(world, call, call.query["transaction_id"], call.query.get("sub_mchid", ""))
    sharing = world.of(SHARINGS).get(f"{call.mchid}/{call.values['out_order_no']}")
    if sharing is None or sharing.order != order.key:
        raise refusal.not_found("分账单不存在")
    return _told(world, sharing)


def _amounts(world: World, call: Call) -> dict[str, Any]:
    order = world.of(ORDERS).one("transaction_id", call.values["transaction_id"])
    if order is None or order.mchid != call.mchid:
        raise refusal.no_order()
    return {"transaction_id": order.transaction_id, "unsplit_amount": left(order)}


def _return(world: World, call: Call) -> dict[str, Any]:
    content: dict[str, Any] = call.json
    sharing = _shared(world, call, content)
    asked = Return(
        mchid=call.mchid,
        made=call.time,
        state="PROCESSING",
        out_return_no=content["out_return_no"],
        return_id=numbers.sharing_id(),
        sharing=sharing.key,
        content=content,
        amount=content["amount"],
        failure="ACCOUNT_ABNORMAL" if content["description"] == f"{PREFIX}ACCOUNT_ABNORMAL" else "",
    )
    return _told_return(give_back(world, sharing, asked), sharing)


def _shared(world: World, call: Call, content: Mapping[str, Any]) -> Sharing:
    if "order_id" in content:
        sharing = world.of(SHARINGS).one("order_id", content["order_id"])
    elif "out_order_no" in content:
        sharing = world.of(SHARINGS).get(f"{call.mchid}/{content['out_order_no']}")
    else:
        raise refusal.bad_parameter("/order_id", "body", "order_id or out_order_no is required")
    if sharing is None or sharing.mchid != call.mchid:
        raise refusal.not_found("分账单不存在")
    return sharing


def _query_return(world: World, call: Call) -> dict[str, Any]:
    found = world.of(RETURNS).get(f"{call.mchid}/{call.values['out_return_no']}")
    sharing = None if found is None else world.of(SHARINGS).get(found.sharing)
    if found is None or sharing is None or sharing.out_order_no != call.query["out_order_no"]:
        raise refusal.not_found("回退单不存在")
    return _told_return(found, sharing)


def _told_return(found: Return, sharing: Sharing) -> dict[str, Any]:
    content = found.content
    members: dict[str, Any] = {"sub_mchid": content["sub_mchid"]} if "sub_mchid" in content else {}
    members |= {
        "order_id": sharing.order_id,
        "out_order_no": sharing.out_order_no,
        "out_return_no": found.out_return_no,
        "return_id": found.return_id,
        "return_mchid": content["return_mchid"],
        "amount": found.amount,
        "description": content["description"],
        "result": found.state,
        "create_time": rfc3339(found.made),
        "finish_time": rfc3339(found.finished or found.made),
    }
    return members | ({"fail_reason": found.failure} if found.state == "FAILED" else {})


def _ratio(_world: World, call: Call) -> dict[str, Any]:
    return {"sub_mchid": call.values["sub_mchid"], "max_ratio": _RATIO}


def _ripen(world: World, sharing: Sharing) -> None:
    finish(world, sharing)


RECEIVERS = Kind(name="receivers", record=Receiver, key=lambda receiver: receiver.key)
SHARINGS = Kind(
    name="sharings",
    record=Sharing,
    key=lambda sharing: sharing.key,
    indexes={"order": lambda sharing: sharing.order, "order_id": lambda sharing: sharing.order_id},
    ripen=_ripen,
)
RETURNS = Kind(
    name="returns",
    record=Return,
    key=lambda found: found.key,
    indexes={"sharing": lambda found: found.sharing},
    ripen=_finish_return,
)

PRODUCT = Product(
    name="sharing",
    kinds=(RECEIVERS, SHARINGS, RETURNS),
    routes={
        f"POST {_BASE}/receivers/add": _add,
        f"POST {_BASE}/receivers/delete": _delete,
        f"POST {_BASE}/orders": _share,
        f"POST {_BASE}/orders/unfreeze": _unfreeze,
        f"GET {_BASE}/orders/{{out_order_no}}": _query,
        f"GET {_BASE}/transactions/{{transaction_id}}/amounts": _amounts,
        f"GET {_BASE}/merchant-configs/{{sub_mchid}}": _ratio,
        f"POST {_BASE}/return-orders": _return,
        f"GET {_BASE}/return-orders/{{out_return_no}}": _query_return,
    },
)
