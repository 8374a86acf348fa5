"""What all controls share: the world, its exchanges, faults and notifications, and waiting for changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from threading import Condition

from ..._arguments import a_count, a_function, check
from ..exchange import Exchange
from ..faults import Faults
from ..kept import Kept
from ..notifications.addresses import Addresses
from ..notifications.apps import App
from ..notifications.messages import event_type_of
from ..notifications.notifier import Notifier
from ..payer import Payer
from ..products.orders import ORDERS
from ..products.orders.record import Order
from ..world.announcements import ANNOUNCEMENTS, Announcement
from ..world.world import World

_TAKES = {
    "watcher": a_function("Give a function that takes an exchange"),
    "last": a_count(1, "Give a whole number, 1 or more"),
}


class Core:
    """A world, and what changes it from outside.

    Args:
        world: the records, merchants and clock to act on.
        real: gives the real Unix time in seconds.
        notify: where notifications for each `notify_url` are sent, see `Addresses`.
        patience: real seconds that merchants have to answer a notification; by default, the kind's own 5 or 3.
        pay_after: seconds of the world's time after which every order is paid by itself; None for never.
        random_seed: of the random numbers by which a fault strikes a share of the calls.
        keep: how many exchanges are kept; the last 16 with whole bodies, older ones with 256 kB of each.

    Attributes:
        world: merchants, records, the clock and what is to be announced.
        exchanges: the last requests with their answers, the newest last.
        faults: the rules by which the platform misbehaves.
        notifier: finds what to send, and when.
    """

    def __init__(
        self,
        world: World,
        *,
        real: Callable[[], float],
        notify: Mapping[str, str | App] | None = None,
        patience: float | None = None,
        pay_after: float | None = None,
        random_seed: int | None = None,
        keep: int = 1000,
    ) -> None:
        self.world = world
        self.faults = Faults(random_seed)
        self.notifier = Notifier(world, real, Addresses(notify), self.faults, patience)
        self._payer = None if pay_after is None else Payer(world, pay_after)
        self.exchanges: deque[Exchange] = Kept(keep)
        self._watchers: list[Callable[[Exchange], None]] = []
        self._news = Condition()
        world.subscribe(lambda _happening: self._tell())

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
            A function that stops this.

        Raises:
            ConfigurationError: it is no function.
        """
        check(_TAKES, watcher=watcher)
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, and call the watchers with it."""
        self.exchanges.append(exchange)
        for watcher in tuple(self._watchers):
            watcher(exchange)
        self._tell()

    def story(self, last: int = 20) -> str:
        """The last calls and notifications, a line each.

        Args:
            last: how many of each.

        Raises:
            ConfigurationError: it is no whole number of at least 1.
        """
        check(_TAKES, last=last)
        calls = [str(exchange) for exchange in list(self.exchanges)[-last:]]
        return "\n".join([*(calls or ["no calls"]), *map(line_of, self.notifications[-last:])])

    def ripen(self) -> None:
        """Let happen what is due by now."""
        if self._payer is not None:
            self._payer.ripen()
        self.world.ripen()

    @property
    def next_due(self) -> float | None:
        """When the next thing happens by itself, in the world's Unix time; None if nothing will."""
        times = [self.world.next_due, self._payer.next_due if self._payer is not None else None]
        return min((time for time in times if time is not None), default=None)

    def _moved(self) -> None:
        """Let happen what is due, after the clock was moved."""
        self.ripen()
        self.notifier.wake()
        self._tell()

    def _tell(self) -> None:
        """Wake everyone who waits for something to happen, so that they check again."""
        with self._news:
            self._news.notify_all()


def line_of(found: Announcement) -> str:
    """A notification in a line."""
    last = found.attempts[-1] if found.attempts else {}
    answer = last.get("error") or last.get("status") or "not sent yet"
    where = found.notify_url or "nowhere"
    return f"{event_type_of(found)} to {where} is {found.state} after {len(found.attempts)}: {answer}"
