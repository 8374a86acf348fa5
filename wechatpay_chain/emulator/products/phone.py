"""What people do on their phones: payers pay, fail, change their minds."""

from __future__ import annotations

from typing import TypeVar

from ..._arguments import check, instance
from ..platform import refusal
from ..platform.refusal import Refusal
from ..world.records import Table
from ..world.world import World
from . import complaints, payscore, red_packets, transfers
from .complaints import Complaint
from .orders import COMBINED, ORDERS, combined, transitions
from .orders.combined import Combined
from .orders.record import Order
from .payscore import SERVICE_ORDERS, ServiceOrder
from .red_packets import RED_PACKETS, RedPacket
from .transfers import TRANSFERS, Transfer

R = TypeVar("R", Transfer, ServiceOrder, RedPacket)

_TAKES = {"what": instance(str, "Give the order's out_trade_no, its prepay_id, or its code_url or h5_url")}
_CODE_LIFETIMES = {"MWEB": 300}


def find(world: World, what: str, mchid: str | None = None) -> Order | Combined:
    """The order that someone is about to pay.

    Args:
        world: has it.
        what: its out_trade_no, prepay_id, code_url, h5_url, or what ends them.
        mchid: whose out_trade_no it is; not needed where only one merchant has such an order.

    Raises:
        Refusal: there is none, or there are several.
        ConfigurationError: `what` is no text.
    """
    check(_TAKES, what=what)
    tables: tuple[Table[Order] | Table[Combined], ...] = (world.of(ORDERS), world.of(COMBINED))
    for table in tables:
        linked = table.one("prepay_id", what) or table.one("code", _code_in(what))
        if linked is not None:
            return linked
    numbered = [order for table in tables for order in table.by("out_trade_no", what) if mchid in (None, order.mchid)]
    if len(numbered) > 1:
        raise refusal.invalid_state(f"several merchants have an order {what}: name the merchant")
    if not numbered:
        raise refusal.no_order()
    return numbered[0]


def pay(
    world: World, what: str, mchid: str | None = None, *, openid: str = "", bank_type: str = "OTHERS"
) -> Order | Combined:
    """Pay an order. The arguments are those of `find`, and who pays.

    Raises:
        Refusal: it can't be paid, or its link has expired.
    """
    with world.transaction():
        order = find(world, what, mchid)
        if isinstance(order, Order) and order.combined:
            whole = world.of(COMBINED).get(order.combined)
            order = order if whole is None else whole
        if isinstance(order, Combined):
            return combined.pay(world, order, openid=openid, bank_type=bank_type)
        lifetime = _CODE_LIFETIMES.get(order.trade_type, transitions.PREPAY_LIFETIME)
        if what != order.out_trade_no and order.state == "NOTPAY" and world.now - order.prepaid > lifetime:
            raise Refusal(400, "ORDER_CLOSED", "支付链接已过期，请重新下单")
        return transitions.pay(world, order, openid=openid, bank_type=bank_type)


def confirm_transfer(world: World, out_bill_no: str, mchid: str | None = None) -> Transfer:
    """Who gets a transfer confirms it.

    Raises:
        Refusal: there is none to confirm, or several merchants have one of that number.
    """
    with world.transaction():
        found = [one for one in world.of(TRANSFERS).by("out_bill_no", out_bill_no) if mchid in (None, one.mchid)]
        return transfers.confirm(world, _only(found, f"a transfer {out_bill_no}"))


def confirm_service(world: World, out_order_no: str, mchid: str | None = None) -> ServiceOrder:
    """Who uses a service confirms its payscore order.

    Raises:
        Refusal: there is none to confirm, or several merchants have one of that number.
    """
    with world.transaction():
        found = [one for one in world.of(SERVICE_ORDERS).by("out_order_no", out_order_no) if mchid in (None, one.mchid)]
        return payscore.confirm(world, _only(found, f"a service order {out_order_no}"))


def complain(world: World, out_trade_no: str, detail: str, mchid: str | None = None) -> Complaint:
    """The payer of an order complains.

    Raises:
        Refusal: there is no such order, or it isn't paid.
    """
    with world.transaction():
        order = find(world, out_trade_no, mchid)
        if isinstance(order, Combined):
            raise refusal.invalid_state("complain about one of the orders in it")
        return complaints.complain(world, order, detail)


def open_red_packet(world: World, mch_billno: str, mchid: str | None = None) -> RedPacket:
    """Who got a red packet opens it.

    Raises:
        Refusal: there is none to open, or several merchants have one of that number.
    """
    with world.transaction():
        found = [one for one in world.of(RED_PACKETS).by("mch_billno", mch_billno) if mchid in (None, one.mchid)]
        return red_packets.open_packet(world, _only(found, f"a red packet {mch_billno}"))


def fail(world: World, what: str, mchid: str | None = None) -> Order | Combined:
    """Let a payment fail. Only a code payment ends with it; other orders can be paid again."""
    with world.transaction():
        order = find(world, what, mchid)
        return transitions.fail(world, order) if isinstance(order, Order) else order


def cancel(world: World, what: str, mchid: str | None = None) -> Order:
    """The payer leaves without paying. Arguments are those of `find`.

    Raises:
        Refusal: there is no such order, it is paid or closed, or it is a combined one.
    """
    with world.transaction():
        order = find(world, what, mchid)
        if isinstance(order, Order):
            return transitions.cancel(world, order)
        raise refusal.invalid_state(
            f"合单订单（状态{order.state}）没有可取消的付款：合单不会进入USERPAYING，可以付款或让它过期"
        )


def expire(world: World, what: str, mchid: str | None = None) -> Order | Combined:
    """Let an order's time be over.

    Raises:
        Refusal: it is paid.
    """
    with world.transaction():
        order = find(world, what, mchid)
        if isinstance(order, Combined):
            return combined.close(world, order)
        return transitions.fail(world, order) if order.state == "USERPAYING" else transitions.close(world, order)


def _only(found: list[R], what: str) -> R:
    """The one record that was found."""
    if not found:
        raise refusal.not_found(f"no merchant has {what}")
    if len(found) > 1:
        raise refusal.not_found(f"several merchants have {what}: name the merchant")
    return found[0]


def _code_in(link: str) -> str:
    """What ends a link to a payment page, or a code_url."""
    return link.partition("?prepay_id")[0].rpartition("=" if link.startswith("weixin:") else "/")[2]
