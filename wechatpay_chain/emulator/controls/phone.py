"""Controls of what people do on their phones."""

from __future__ import annotations

from typing import Any

from ..._arguments import TEXT, a_count, check
from ..products import phone
from ..products.complaints import Complaint
from ..products.orders import transitions
from ..products.orders.combined import Combined
from ..products.orders.record import Order
from ..products.payscore import ServiceOrder
from ..products.red_packets import RedPacket
from ..products.transfers import Transfer
from ..world import numbers
from .core import Core

_APPID = "wx2421b1c4370ec43b"
_TAKES = {
    "out_trade_no": TEXT,
    "out_bill_no": TEXT,
    "out_order_no": TEXT,
    "mch_billno": TEXT,
    "total": a_count(1, "Give whole fen, an int: 0.01 yuan are 1"),
    "mchid": TEXT,
    "notify_url": TEXT,
}


class Phone(Core):
    """What people do on their phones, whatever the shop is written in."""

    def pay(
        self, what: str, *, mchid: str | None = None, openid: str = "", bank_type: str = "OTHERS"
    ) -> Order | Combined:
        """A payer pays an order, and the merchant is told.

        Args:
            what: the order's out_trade_no, prepay_id, code_url or h5_url.
            mchid: whose out_trade_no it is; not needed where only one merchant has such an order.
            openid: the payer's; a fresh one by default.
            bank_type: what is paid with, such as `CMB_DEBIT`.

        Raises:
            Refusal: there is no such order, or it can't be paid.
        """
        self.ripen()
        return phone.pay(self.world, what, mchid, openid=openid, bank_type=bank_type)

    def fail(self, what: str, *, mchid: str | None = None) -> Order | Combined:
        """A payer's payment fails; only a code payment ends with it. Arguments and errors are those of `pay`."""
        self.ripen()
        return phone.fail(self.world, what, mchid)

    def expire(self, what: str, *, mchid: str | None = None) -> Order | Combined:
        """The time of an unpaid order is over. Arguments and errors are those of `pay`."""
        self.ripen()
        return phone.expire(self.world, what, mchid)

    def cancel(self, what: str, *, mchid: str | None = None) -> Order:
        """A payer leaves without paying: a code payment isn't being paid any more, any other order stays as it is.

        Arguments and errors are those of `pay`; a paid or closed order is refused, and so is a combined one, which
        is never `USERPAYING`.
        """
        self.ripen()
        return phone.cancel(self.world, what, mchid)

    def complain(self, what: str, *, detail: str = "商品与描述不符", mchid: str | None = None) -> Complaint:
        """A payer complains of an order, and the merchant is told at the address that it set for complaints.

        Args:
            what: as for `pay`.
            detail: what the payer says.
            mchid: as for `pay`.

        Raises:
            Refusal: there is no such order, or it isn't paid.
        """
        self.ripen()
        return phone.complain(self.world, what, detail, mchid)

    def confirm(self, out_bill_no: str, *, mchid: str | None = None) -> Transfer:
        """Who gets a transfer confirms it.

        Args:
            out_bill_no: the merchant's number of the transfer.
            mchid: whose number it is; not needed where only one merchant has such a transfer.

        Raises:
            Refusal: there is none to confirm.
        """
        check(_TAKES, out_bill_no=out_bill_no)
        self.ripen()
        return phone.confirm_transfer(self.world, out_bill_no, mchid)

    def confirm_service(self, out_order_no: str, *, mchid: str | None = None) -> ServiceOrder:
        """Who uses a service confirms its payscore order.

        Args:
            out_order_no: the merchant's number of the service order.
            mchid: whose number it is; not needed where only one merchant has such an order.

        Raises:
            Refusal: there is none to confirm.
        """
        check(_TAKES, out_order_no=out_order_no)
        self.ripen()
        return phone.confirm_service(self.world, out_order_no, mchid)

    def open_red_packet(self, mch_billno: str, *, mchid: str | None = None) -> RedPacket:
        """Who got a red packet opens it.

        Args:
            mch_billno: the merchant's number of the packet.
            mchid: whose number it is; not needed where only one merchant has such a packet.

        Raises:
            Refusal: there is none to open.
        """
        check(_TAKES, mch_billno=mch_billno)
        self.ripen()
        return phone.open_red_packet(self.world, mch_billno, mchid)

    def add_order(
        self, out_trade_no: str, total: int, *, mchid: str = "", notify_url: str = "", **members: Any
    ) -> Order:
        """Put an unpaid order into the world, as if a client had made it.

        Args:
            out_trade_no: the merchant's number.
            total: what is to be paid, in fen.
            mchid: the merchant's number; by default the first merchant's.
            notify_url: where its notifications go.
            **members: further members of `Order`.

        Raises:
            ConfigurationError: `total` is no int of 1 or more, or another argument is wrong.
        """
        check(_TAKES, out_trade_no=out_trade_no, total=total, mchid=mchid, notify_url=notify_url)
        now = self.world.now
        made: dict[str, Any] = {
            "mchid": self.world.merchant(mchid).mchid if mchid else next(iter(self.world.merchants)),
            "made": now,
            "state": "NOTPAY",
            "out_trade_no": out_trade_no,
            "appid": _APPID,
            "trade_type": "NATIVE",
            "content": {},
            "total": total,
            "description": "商品",
            "notify_url": notify_url,
            "expires": now + transitions.LIFETIME,
            "openid": numbers.openid(),
            **members,
        }
        with self.world.transaction():
            return transitions.make(self.world, Order(**made))
