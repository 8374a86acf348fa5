"""The controls: what is done to the emulated world from outside of the protocol.

Payers pay, the clock moves, notifications are sent and sent wrongly, faults strike, and everything begins anew.
`Emulator` has these methods; the control interface and the command line call them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, TypeVar, cast

from ..crypto.asymmetric import Algorithm
from ..errors import ConfigurationError
from .exchange import Exchange
from .faults import Faults, Flaw
from .notifications import courier
from .notifications.addresses import Addresses
from .notifications.apps import App
from .notifications.kinds import HasPairs, Kind, find_kind
from .notifications.messages import Message, kind_of
from .notifications.notifier import BY_HAND, DELIVERED, Notifier
from .notifications.samples import sample
from .payer import Payer
from .platform.keys import KeyPair
from .products import phone
from .products.orders import ORDERS, transitions
from .products.orders.combined import Combined
from .products.orders.record import Order
from .products.orders.texts import announced
from .products.red_packets import RedPacket
from .products.transfers import Transfer
from .world import numbers
from .world.announcements import ANNOUNCEMENTS, WAITING, Announcement, number
from .world.records import Record
from .world.world import World

_PATIENCE = 5.0
_DELIVERY_TIMEOUT = 60.0
_APPID = "wx2421b1c4370ec43b"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the world was at a moment: its records and its time, but neither keys nor calls.

    Attributes:
        records: of each table.
        offset: seconds that its clock was ahead.
    """

    records: Mapping[str, tuple[Record, ...]] = field(repr=False)
    offset: float


class Controls:
    """What is done to a world from outside.

    Args:
        world: whose records, merchants and clock these are.
        real: gives the real Unix time in seconds.
        default_key: gives the platform's key that signs where nothing names another, for merchants with keys of a kind.
        notify: which `notify_url` leads where, see `Addresses`.
        patience: real seconds that merchants have to answer a notification; by default, the kind's own 5 or 3.
        pay_after: seconds of the world's time after which every order is paid by itself; None for never.
        random_seed: of the chance behind faults that strike a share of the calls.
        keep: how many exchanges are kept.

    Attributes:
        world: merchants, records, the clock and what is to be announced.
        exchanges: the last requests with their answers, the newest last.
        faults: the rules by which the platform misbehaves.
        notifier: what is sent when.
    """

    def __init__(
        self,
        world: World,
        *,
        real: Callable[[], float],
        default_key: Callable[[Algorithm], KeyPair],
        notify: Mapping[str, str | App] | None = None,
        patience: float | None = None,
        pay_after: float | None = None,
        random_seed: int | None = None,
        keep: int = 1000,
    ) -> None:
        self.world = world
        self.faults = Faults(random_seed)
        self.notifier = Notifier(world, real, default_key, Addresses(notify), self.faults, patience)
        self._payer = None if pay_after is None else Payer(world, pay_after)
        self.exchanges: deque[Exchange] = deque(maxlen=keep)
        self._watchers: list[Callable[[Exchange], None]] = []
        self._couriers = 0
        self._news = Condition()
        world.subscribe(lambda _happening: self._tell())

    # ── what there is ──

    @property
    def orders(self) -> list[Order]:
        """All orders, the oldest first."""
        self.ripen()
        return list(self.world.of(ORDERS))

    @property
    def notifications(self) -> list[Announcement]:
        """The notifications, the oldest first, with the attempts to deliver them."""
        return list(self.world.of(ANNOUNCEMENTS))

    def watch(self, watcher: Callable[[Exchange], None]) -> Callable[[], None]:
        """Call a function with every exchange once its answer is made.

        Returns:
            What ends it.
        """
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, and show it to those who watch."""
        self.exchanges.append(exchange)
        for watcher in tuple(self._watchers):
            watcher(exchange)
        self._tell()

    def story(self, last: int = 20) -> str:
        """The last calls and notifications, a line each.

        Args:
            last: how many of each.
        """
        calls = [str(exchange) for exchange in list(self.exchanges)[-last:]]
        return "\n".join([*(calls or ["no calls"]), *map(_line, self.notifications[-last:])])

    # ── the phone ──

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

    def confirm(self, out_bill_no: str, *, mchid: str | None = None) -> Transfer:
        """Who gets a transfer confirms it.

        Args:
            out_bill_no: the merchant's number of the transfer.
            mchid: whose number it is; not needed where only one merchant has such a transfer.

        Raises:
            Refusal: there is none to confirm.
        """
        self.ripen()
        return phone.confirm_transfer(self.world, out_bill_no, mchid)

    def open_red_packet(self, mch_billno: str, *, mchid: str | None = None) -> RedPacket:
        """Who got a red packet opens it.

        Args:
            mch_billno: the merchant's number of the packet.
            mchid: whose number it is; not needed where only one merchant has such a packet.

        Raises:
            Refusal: there is none to open.
        """
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
        """
        now = self.world.now
        made: dict[str, Any] = {
            "mchid": mchid or next(iter(self.world.merchants)),
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

    # ── the clock ──

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0) -> None:
        """Move the world's clock, and let happen what is due by then. Signatures keep the real time.

        Args:
            seconds: how much; negative to move it back.
            minutes: as many more.
            hours: as many more.
            days: as many more.
        """
        self.world.advance(seconds + 60 * (minutes + 60 * (hours + 24 * days)))
        self._moved()

    def set_time(self, time: float) -> None:
        """Move the world's clock to a Unix time in seconds."""
        self.world.clock.set(time)
        self._moved()

    def run_at(self, speed: float) -> None:
        """Let the world's time pass at another speed: 60 makes a minute of a second, 0 stops it.

        Raises:
            ValueError: the speed is negative.
        """
        self.world.clock.run_at(speed)
        self._moved()

    def ripen(self) -> None:
        """Let happen what is due by now."""
        if self._payer is not None:
            self._payer.ripen()
        self.world.ripen()

    @property
    def next_due(self) -> float | None:
        """When something happens by itself, the world's Unix time in seconds."""
        times = [self.world.next_due, self._payer.next_due if self._payer is not None else None]
        return min((time for time in times if time is not None), default=None)

    # ── notifications ──

    def deliver_to(self, beginning: str, to: str | App) -> None:
        """Lead the notifications for a beginning of URLs elsewhere.

        Args:
            beginning: such as `https://shop.example`.
            to: another beginning of a URL, or an ASGI or WSGI app in this process.

        Raises:
            ConfigurationError: one of them is no URL.
        """
        self.notifier.addresses.map(beginning, to)

    def notification(
        self,
        kind: str | HasPairs,
        resource: Mapping[str, Any] | None = None,
        *,
        mchid: str = "",
        original_type: str | None = None,
        flaw: Flaw | None = None,
        serial: str = "",
    ) -> Message:
        """A notification that is not sent: its signed headers and its body.

            webhook.open(*emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1"}))

        Args:
            kind: an event type such as `TRANSACTION.SUCCESS`, of APIv2 `v2/transaction-success`, or one of
                `wechatpay_chain.notifications.kinds`.
            resource: members that it tells in place of those of a sample; with the `out_trade_no` of a paid order, the
                order's own.
            mchid: the merchant's number; by default the first merchant's.
            original_type: the resource's, where an event type has several.
            flaw: what is wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.

        Raises:
            ConfigurationError: there is no such kind, member, merchant or key.
        """
        announcement = self._announcement(find_kind(kind, original_type), resource or {}, mchid, "")
        return self.notifier.message(announcement, flaw=flaw, serial=serial)

    def trigger(
        self,
        kind: str | HasPairs,
        resource: Mapping[str, Any] | None = None,
        *,
        notify_url: str = "",
        mchid: str = "",
        original_type: str | None = None,
        times: int = 1,
        after: float = 0.0,
        flaw: Flaw | None = None,
        serial: str = "",
    ) -> Announcement:
        """Send a notification by hand. Without a flaw or a key it is sent again by its schedule until it is taken.

        Args:
            kind: as for `notification`.
            resource: as for `notification`.
            notify_url: where to; by default, where the newest order's notifications go.
            mchid: the merchant's number; by default the first merchant's.
            original_type: the resource's, where an event type has several.
            times: how often it is sent, whatever the merchant answers.
            after: seconds of the world's time from now.
            flaw: what is wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.

        Raises:
            ConfigurationError: there is no such kind, member, merchant, key, or no address; or nonsense was given.
        """
        if times < 1:
            raise ConfigurationError("times", f"{times!r} was found", "Give a count from 1")
        url = notify_url or next((order.notify_url for order in reversed(self.orders) if order.notify_url), "")
        if not url:
            raise ConfigurationError("notify_url", "there is none, and no order has one", "Give the shop's address")
        made = self._announcement(find_kind(kind, original_type), resource or {}, mchid, url)
        scheduled = flaw is None and not serial
        if not scheduled:
            made = replace(made, state=BY_HAND, history=((made.made, BY_HAND),))
        elif after:
            made = replace(made, due=made.made + after)
        with self.world.transaction():
            self.world.of(ANNOUNCEMENTS).put(made)
        for _ in range(times - scheduled):
            self.notifier.send_again(made.number, flaw=flaw, serial=serial, after=after)
        return made

    async def deliver(self, *, newest_first: bool = False) -> None:
        """Deliver all notifications that are due, and wait until it is done.

        Args:
            newest_first: one after the other, the newest first, so that they come out of order.
        """
        if self._couriers:
            await asyncio.to_thread(self._wait_for_couriers)
        else:
            await courier.deliver(self, self.notifier, newest_first=newest_first)

    def deliver_sync(self, *, newest_first: bool = False) -> None:
        """As `deliver`, for programs without event loop; a WSGI app is called in this thread."""
        if self._couriers:
            self._wait_for_couriers()
        else:
            courier.deliver_sync(self, self.notifier, newest_first=newest_first)

    async def carry(self) -> None:
        """Deliver in the background until cancelled; a server does it while it listens."""
        self._couriers += 1
        try:
            await courier.Courier(self, self.notifier).run()
        finally:
            self._couriers -= 1

    # ── waiting ──

    async def wait_for(self, wanted: str | HasPairs | Callable[[], T], timeout: float = 5.0) -> T | Announcement:  # noqa: ASYNC109 - of the thread that waits
        """Wait until something has happened.

        Args:
            wanted: a kind of notification, which is waited for until the merchant has taken it; or a function that says
                whether it has happened, called now and after every change.
            timeout: real seconds to wait.

        Returns:
            The notification, or what the function returned.

        Raises:
            TimeoutError: it did not happen; with what became of the notifications.
        """
        return await asyncio.to_thread(self.wait_for_sync, wanted, timeout)

    def wait_for_sync(self, wanted: str | HasPairs | Callable[[], T], timeout: float = 5.0) -> T | Announcement:
        """As `wait_for`, in the calling thread."""
        check: Callable[[], Any] = wanted if callable(wanted) else self._delivered(find_kind(wanted))
        with self._news:
            found: Any = self._news.wait_for(check, timeout)
        if not found:
            raise TimeoutError(f"it did not happen within {timeout:g} s; {self._notifications_told()}")
        return cast("T | Announcement", found)

    # ── beginning anew ──

    def snapshot(self) -> Snapshot:
        """How the world is now."""
        with self.world.transaction():
            records = {table.kind.name: tuple(table) for table in self.world.tables}
            return Snapshot(records, self.world.clock.offset)

    def restore(self, snapshot: Snapshot) -> None:
        """Make the world as it was at a snapshot."""
        with self.world.transaction():
            for table in self.world.tables:
                for record in table:
                    table.remove(table.kind.key(record))
                for record in snapshot.records.get(table.kind.name, ()):
                    table.put(record)
        self.world.clock.advance(snapshot.offset - self.world.clock.offset)
        self._moved()

    def reset(self) -> None:
        """Forget all records, exchanges and faults, and set the clock to the real time. Merchants and keys stay."""
        self.faults.clear()
        self.notifier.forget()
        self.exchanges.clear()
        self.world.clock.run_at(1.0)
        self.restore(Snapshot({}, 0.0))

    # ── within ──

    def _announcement(self, kind: Kind, given: Mapping[str, Any], mchid: str, notify_url: str) -> Announcement:
        merchant = mchid or next(iter(self.world.merchants))
        now = self.world.now
        order = self.world.of(ORDERS).get(f"{merchant}/{given.get('out_trade_no')}")
        if order is not None and order.paid and (kind.event_type, kind.original_type) == _PAYMENT:
            given = {**announced(order), **given}
        return Announcement(
            mchid=merchant,
            made=now,
            state=WAITING,
            history=((now, WAITING),),
            number=number(),
            notify_url=notify_url,
            event_type=kind.event.id if kind.is_apiv2 else kind.event_type,
            original_type=kind.original_type,
            summary=kind.event.name,
            resource=sample(kind, merchant, now, given),
            protocol="v2" if kind.is_apiv2 else "v3",
            about=("orders", order.key) if order is not None else ("", ""),
        )

    def _delivered(self, kind: Kind) -> Callable[[], Announcement | None]:
        def delivered() -> Announcement | None:
            return next(
                (
                    found
                    for found in reversed(self.notifications)
                    if found.state == DELIVERED and kind_of(found) == kind.event_type
                ),
                None,
            )

        return delivered

    def _notifications_told(self) -> str:
        return "; ".join(map(_line, self.notifications)) or "there are no notifications"

    def _wait_for_couriers(self) -> None:
        self.notifier.wake()
        if not self.notifier.wait_until_idle(_DELIVERY_TIMEOUT):
            raise TimeoutError(f"not done within {_DELIVERY_TIMEOUT:g} s; {self._notifications_told()}")

    def _moved(self) -> None:
        self.ripen()
        self.notifier.wake()
        self._tell()

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()


_PAYMENT = ("TRANSACTION.SUCCESS", "transaction")


def _line(found: Announcement) -> str:
    """A notification in a line."""
    last = found.attempts[-1] if found.attempts else {}
    answer = last.get("error") or last.get("status") or "not sent yet"
    return f"{kind_of(found)} to {found.notify_url or 'nowhere'} is {found.state} after {len(found.attempts)}: {answer}"
