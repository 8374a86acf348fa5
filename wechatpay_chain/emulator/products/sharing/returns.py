"""What receivers give back of the money that was shared.

https://pay.weixin.qq.com/doc/v3/merchant/4012529132
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...platform import refusal
from ...platform.call import Call
from ...platform.refusal import Refusal
from ...world import numbers
from ...world.records import Kind
from ...world.world import World
from ..orders import ORDERS
from ..wishes import PREFIX
from .records import Return, Sharing
from .transitions import SHARINGS, TRANSIT, order_of

_RETURNABLE = 180 * 86400


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
        part["amount"] for part in sharing.parts if part["account"] == asked.account and part["result"] == "SUCCESS"
    )
    returned = sum(
        one.amount
        for one in world.of(RETURNS).by("sharing", sharing.key)
        if one.state != "FAILED" and one.account == asked.account
    )
    if sharing.state != "FINISHED":
        raise refusal.invalid_state("分账处理中，不能回退")
    if world.now - sharing.made > _RETURNABLE:
        raise refusal.invalid_state("分账已超过180天，不能回退")
    if not 0 < asked.amount <= got - returned:
        raise Refusal(403, "NOT_ENOUGH", "回退金额大于该接收方可回退的金额")
    return world.of(RETURNS).put(replace(asked, due=world.now + TRANSIT, history=((world.now, asked.state),)))


def asked(call: Call, sharing: Sharing, content: dict[str, Any], amount: int) -> Return:
    """The return that a call asks for, not yet made.

    Args:
        call: asks.
        sharing: what is given back from.
        content: is compared with a repeat; names the receiver, and has `out_return_no` and `description`.
        amount: in fen.
    """
    return Return(
        mchid=call.mchid,
        made=call.time,
        state="PROCESSING",
        out_return_no=content["out_return_no"],
        return_id=numbers.sharing_id(),
        sharing=sharing.key,
        content=content,
        amount=amount,
        failure="ACCOUNT_ABNORMAL" if content["description"] == f"{PREFIX}ACCOUNT_ABNORMAL" else "",
    )


def find(world: World, call: Call, out_return_no: str, sharing: Sharing) -> Return:
    """The return of a merchant's number.

    Raises:
        Refusal: the sharing has none.
    """
    found = world.of(RETURNS).get(f"{call.mchid}/{out_return_no}")
    if found is None or found.sharing != sharing.key:
        raise refusal.not_found("回退单不存在")
    return found


def _ripen(world: World, found: Return) -> None:
    if found.failure:
        world.of(RETURNS).put(found.moved("FAILED", world.now, finished=world.now))
        return
    sharing = world.of(SHARINGS).get(found.sharing)
    if sharing is not None:
        order = order_of(world, sharing)
        world.of(ORDERS).put(replace(order, shared=order.shared - found.amount))
    world.of(RETURNS).put(found.moved("SUCCESS", world.now, finished=world.now))


RETURNS = Kind(
    name="returns",
    record=Return,
    key=lambda found: found.key,
    indexes={"sharing": lambda found: found.sharing},
    ripen=_ripen,
)
