"""Code payments: the payer shows a code, the shop scans it.

https://pay.weixin.qq.com/doc/v3/merchant/4012382150

The last four digits of the code say what happens, as the numbers of test cards do; see `docs/emulator.md`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ...platform import refusal
from ...platform.refusal import Refusal
from ...world.world import World
from . import transitions
from .record import Order

_CODE = re.compile(r"1[0-5]\d{16}", re.ASCII)
# Seconds that a payer takes to confirm, and after which a payment that nobody confirms has failed.
_CONFIRMED = 10
_GIVEN_UP = 45
_REFUSED = {
    "0003": Refusal(403, "NOT_ENOUGH", "用户账号余额不足"),
    "0004": Refusal(400, "AUTH_CODE_EXPIRED", "用户的条码已经过期"),
    "0005": Refusal(400, "AUTH_CODE_INVALID", "付款码无效"),
    "0006": Refusal(500, "BANK_ERROR", "银行系统异常"),
}
_WAITING = {"0001": ("SUCCESS", _CONFIRMED), "0002": ("PAYERROR", _GIVEN_UP)}
_WISHES = {"USERPAYING": "0001", "PAYERROR": "0002"}


def pay_by_code(world: World, order: Order, code: str, wish: str = "") -> Order:
    """Pay an order by the code of a payer; a repeat gives the same answer.

    Args:
        world: keeps the order.
        order: as asked for.
        code: what was scanned.
        wish: `USERPAYING` or `PAYERROR` make the payer hesitate whatever the code is.

    Raises:
        Refusal: the code or the number can't be used, the payer has no money, or has yet to confirm (202, the order
            stays).
    """
    known = world.of(transitions.ORDERS).get(order.key)
    if known is not None:
        return _repeated(known, order)
    if not _CODE.fullmatch(code):
        raise refusal.bad_parameter("/payer/auth_code", "body", "not 18 digits beginning with 10 to 15", "付款码无效")
    ending = _WISHES.get(wish, code[-4:])
    if ending in _REFUSED:
        refused = _REFUSED[ending]
        raise Refusal(refused.status, refused.code, refused.message)
    begun = transitions.begun(order)
    if ending not in _WAITING:
        return transitions.pay(world, begun)
    then, seconds = _WAITING[ending]
    world.of(transitions.ORDERS).put(
        replace(begun, state="USERPAYING", history=((order.made, "USERPAYING"),), due=order.made + seconds, then=then)
    )
    raise _paying()


def _repeated(known: Order, order: Order) -> Order:
    if known.content != order.content or known.trade_type != order.trade_type:
        raise refusal.number_used()
    if known.state == "USERPAYING":
        raise _paying()
    if not known.paid:
        raise transitions.ended(known)
    return known


def _paying() -> Refusal:
    return Refusal(202, "USERPAYING", "需要用户输入支付密码", keeps=True)
