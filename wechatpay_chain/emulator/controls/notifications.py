"""Controls of notifications: sending them by hand, with flaws if wanted; delivering them; waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Any, TypeVar, cast

from ..._arguments import TEXT, a_count, a_number, check, one_of
from ...errors import ConfigurationError, type_of
from ..faults import FLAWS, Flaw
from ..notifications import courier
from ..notifications.apps import App
from ..notifications.kinds import HasPairs, Kind, find_kind
from ..notifications.messages import Message, event_type_of
from ..notifications.outcomes import BY_HAND, DELIVERED
from ..notifications.samples import sample
from ..products.orders import ORDERS
from ..products.orders.answers import announced, announced_v2
from ..products.orders.record import Order
from ..products.orders.transitions import paid
from ..world.announcements import ANNOUNCEMENTS, WAITING, Announcement, number
from .core import Core, line_of

_DELIVERY_TIMEOUT = 60.0
_LOOK_AGAIN = 0.05
_TAKES = {
    "times": a_count(1, "Give a count from 1"),
    "after": a_number(0, inf, "Give a number of seconds"),
    "flaw": one_of(FLAWS, f"Give one of {', '.join(FLAWS)}").or_none(),
    "notify_url": TEXT,
}
# By event and original type: the resource of a notification about a paid order.
_PAYMENTS: Mapping[tuple[str, str], Callable[[Order], dict[str, Any]]] = {
    ("TRANSACTION.SUCCESS", "transaction"): announced,
    ("v2/transaction-success", ""): announced_v2,
}

T = TypeVar("T")


class Notifications(Core):
    """Sends notifications by hand, delivers them, and waits for them."""

    # How many tasks deliver in the background.
    _couriers = 0

    def deliver_to(self, beginning: str, to: str | App) -> None:
        """Send the notifications for all URLs with a prefix elsewhere.

        Args:
            beginning: the prefix, such as `https://shop.example`.
            to: the prefix to put in its place, or an ASGI or WSGI app in this process.

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
            resource: members that replace those of a sample; with the `out_trade_no` of a paid order, the
                order's own.
            mchid: the merchant's number; by default the first merchant's.
            original_type: the resource's, where an event type has several.
            flaw: what is wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.

        Raises:
            ConfigurationError: there is no such kind, member, merchant or key.
        """
        check(_TAKES, flaw=flaw)
        announcement = self._announcement(find_kind(kind, original_type), resource or {}, mchid, "")
        return self.notifier.writer.message(announcement, flaw=flaw, serial=serial)

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
        """Send a notification by hand. Without a flaw or a key it is repeated by its schedule until it is acknowledged.

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
        check(_TAKES, times=times, after=after, flaw=flaw, notify_url=notify_url)
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
        """Deliver all notifications that are due, and return when that is done.

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

    async def wait_for(self, wanted: str | HasPairs | Callable[[], T], timeout: float = 5.0) -> T | Announcement:  # noqa: ASYNC109 - of the thread that waits
        """Wait until something has happened.

        Args:
            wanted: a kind of notification, to wait until the merchant has acknowledged one; or a function that returns
                something true when it has happened. That is called now, after every change in the world, and twenty
                times a second, as it may ask about the shop.
            timeout: real seconds to wait.

        Returns:
            The notification, or what the function returned.

        Raises:
            TimeoutError: it did not happen; the text lists the notifications and their states.
        """
        return await asyncio.to_thread(self.wait_for_sync, wanted, timeout)

    def wait_for_sync(self, wanted: str | HasPairs | Callable[[], T], timeout: float = 5.0) -> T | Announcement:
        """As `wait_for`, in the calling thread."""
        check: Callable[[], Any] = wanted if callable(wanted) else self._delivered(find_kind(wanted))
        end = monotonic() + timeout
        with self._news:
            while not (found := check()):
                if (left := end - monotonic()) <= 0:
                    raise TimeoutError(f"it did not happen within {timeout:g} s; {self._notifications_told()}")
                self._news.wait(min(left, _LOOK_AGAIN))
        return cast("T | Announcement", found)

    def _announcement(self, kind: Kind, given: Mapping[str, Any], mchid: str, notify_url: str) -> Announcement:
        if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError(
                "resource",
                f"{type_of(given)} was found",
                "Give a mapping of its members, {'out_trade_no': ...}; a type goes in original_type=",
            )
        merchant = self.world.merchant(mchid).mchid if mchid else next(iter(self.world.merchants))
        now = self.world.now
        order = self.world.of(ORDERS).get(f"{merchant}/{given.get('out_trade_no')}")
        tell = _PAYMENTS.get((kind.event_type, kind.original_type))
        # For an unpaid order, the resource is as it would be after the payment.
        told = tell(order if order.paid else paid(order, now)) if tell is not None and order is not None else None
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
            resource=sample(kind, merchant, now, given, told),
            protocol="v2" if kind.is_apiv2 else "v3",
            about=("orders", order.key) if order is not None else ("", ""),
        )

    def _delivered(self, kind: Kind) -> Callable[[], Announcement | None]:
        def delivered() -> Announcement | None:
            return next(
                (
                    found
                    for found in reversed(self.notifications)
                    if found.state == DELIVERED and event_type_of(found) == kind.event_type
                ),
                None,
            )

        return delivered

    def _notifications_told(self) -> str:
        return "; ".join(map(line_of, self.notifications)) or "there are no notifications"

    def _wait_for_couriers(self) -> None:
        self.notifier.wake()
        if not self.notifier.wait_until_idle(_DELIVERY_TIMEOUT):
            raise TimeoutError(f"not done within {_DELIVERY_TIMEOUT:g} s; {self._notifications_told()}")
