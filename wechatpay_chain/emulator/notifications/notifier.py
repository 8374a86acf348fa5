"""The notifier: which notifications are due, and what becomes of them after the merchant's answer.

It sends nothing itself: `due` returns deliveries, `settle` takes their answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Condition

from ...errors import ConfigurationError
from ..faults import Faults, Flaw
from ..world.announcements import ANNOUNCEMENTS, WAITING, Announcement
from ..world.world import Happening, World
from .addresses import Addresses, Undeliverable
from .apps import Answer
from .messages import event_type_of
from .outcomes import PENDING, scheduled, settled, undelivered
from .schedules import schedule_of
from .waiting import MOST, Waiting
from .writer import Delivery, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extra:
    """An attempt beside the schedule, which somebody asked for."""

    due: float
    number: str
    flaw: Flaw | None
    serial: str


class Notifier:
    """Schedules deliveries of notifications and notes their results. May be used from many threads.

    Args:
        world: holds the announcements, the merchants, the platform's keys and the clock.
        real: gives the real Unix time in seconds, which signatures carry.
        addresses: where a `notify_url` leads.
        struck: the faults, some of which may strike notifications.
        patience: real seconds that merchants have to answer; by default, the kind's own.

    Attributes:
        addresses: where a `notify_url` leads.
        writer: writes and signs what is sent.
    """

    def __init__(
        self,
        world: World,
        real: Callable[[], float],
        addresses: Addresses,
        struck: Faults,
        patience: float | None = None,
    ) -> None:
        self.addresses = addresses
        self.writer = Writer(world, real, addresses, struck, patience)
        self._world = world
        self._held = False
        self._waiting = Waiting()
        # The last time that was seen, to notice that the clock was moved back: then all due times change.
        self._seen = float("inf")
        self._extras: list[_Extra] = []
        self._changed = Condition()
        self._wakers: list[Callable[[], None]] = []
        world.subscribe(self._happened)

    def wake(self) -> None:
        """Call the functions of `on_wake`: the clock was moved, or something was announced."""
        for waker in tuple(self._wakers):
            waker()

    def on_wake(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Call a function, from any thread, when something may be due.

        Returns:
            A function that ends this.
        """
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker)

    def next_due(self) -> float | None:
        """When the next attempt is due, the world's Unix time; None if nothing is, or too many are being sent."""
        self._look_at_the_clock()
        with self._changed:
            times = [extra.due for extra in self._extras]
            waiting = None if self._held else self._waiting.next_due
        return min(times if waiting is None else [*times, waiting], default=None)

    @property
    def held(self) -> bool:
        """Whether `hold` was called, and not `release`."""
        return self._held

    def hold(self) -> None:
        """Stop sending by schedule until `release`."""
        self._held = True

    def release(self) -> None:
        """Send by schedule again."""
        self._held = False
        self.wake()

    def forget(self) -> None:
        """Drop attempts that were asked for and not made yet, and end `hold`."""
        with self._changed:
            self._extras.clear()
            self._held = False

    def due(self, *, newest_first: bool = False) -> list[Delivery]:
        """The deliveries to be made now, as far as there is room. Each is returned once, and must be settled.

        Args:
            newest_first: all of them, the newest first.
        """
        now = self._look_at_the_clock()
        with self._changed:
            extras = [extra for extra in self._extras if extra.due <= now]
            self._extras = [extra for extra in self._extras if extra.due > now]
            pending = [] if self._held else list(self._taken(now, all_of_them=newest_first))
        deliveries = [self._prepared(found) for found in sorted(pending, key=_made, reverse=newest_first)]
        deliveries += [
            self._prepared(found, flaw=extra.flaw, serial=extra.serial, by_hand=True)
            for extra in extras
            if (found := self._world.of(ANNOUNCEMENTS).get(extra.number)) is not None
        ]
        return [delivery for delivery in deliveries if delivery is not None]

    def send_again(self, number: str, *, flaw: Flaw | None = None, serial: str = "", after: float = 0.0) -> None:
        """Send a notification once more, whatever its state.

        Args:
            number: the notification's own.
            flaw: what is wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.
            after: seconds of the world's time from now.

        Raises:
            ConfigurationError: there is no such notification or key, or one of APIv2 can't have that flaw.
        """
        found = self._world.of(ANNOUNCEMENTS).get(number)
        if found is None:
            raise ConfigurationError("number", f"there is no notification {number!r}", "List them to see their numbers")
        # An unknown key, or a flaw that APIv2 can't have, is an error here and not in the thread that sends.
        self.writer.key(found.mchid, serial)
        if flaw is not None:
            self.writer.message(found, flaw=flaw, serial=serial)
        with self._changed:
            self._extras.append(_Extra(due=self._world.now + after, number=number, flaw=flaw, serial=serial))
        self.wake()

    def settle(self, delivery: Delivery, answer: Answer) -> None:
        """Note a merchant's answer, and when the notification is sent again."""
        with self._world.transaction():
            table = self._world.of(ANNOUNCEMENTS)
            found = table.get(delivery.announcement.number)
            if found is not None:
                table.put(settled(found, delivery, answer, self._world.now))
        self._landed(delivery.announcement.number)

    def give_back(self, delivery: Delivery) -> None:
        """Return a delivery that was not made, so that `due` returns it again."""
        self._landed(delivery.announcement.number)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait in this thread until nothing is due and nothing is on its way; False if that took too long.

        Args:
            timeout: real seconds to wait at most.
        """

        def idle() -> bool:
            due = self.next_due()
            return not self._waiting.flying and (due is None or due > self._world.now)

        with self._changed:
            return self._changed.wait_for(idle, timeout)

    def _landed(self, number: str) -> None:
        with self._changed:
            host = self._waiting.landed(number)
            self._schedule(number)
            while (parked := self._waiting.unpark(host)) is not None and not self._schedule(parked):
                pass
            self._changed.notify_all()
        self.wake()

    def _happened(self, happening: Happening) -> None:
        if happening.kind == ANNOUNCEMENTS.name:
            with self._changed:
                self._schedule(happening.key)
            self.wake()

    def _schedule(self, number: str) -> bool:
        """Put a pending notification in the schedule; False if it isn't pending."""
        found = self._world.of(ANNOUNCEMENTS).get(number)
        if found is None or found.state not in PENDING:
            self._waiting.drop(number)
            return False
        self._waiting.add(number, self._due_of(found, self._world.now))
        return True

    def _taken(self, now: float, *, all_of_them: bool) -> Iterator[Announcement]:
        """Take the notifications that are due, and mark them as on their way."""
        while all_of_them or self._waiting.flying < MOST:
            number = self._waiting.pop(now)
            if number is None:
                return
            found = self._world.of(ANNOUNCEMENTS).get(number)
            if found is None or found.state not in PENDING:
                continue
            if self._waiting.send(number, found.notify_url, crowded=all_of_them):
                yield found

    def _look_at_the_clock(self) -> float:
        """The world's time. At first, and after it was moved back, all pending notifications are scheduled anew."""
        now = self._world.now
        with self._changed:
            moved_back, self._seen = now < self._seen, now
        if moved_back:
            # The world's lock first: a thread that holds it may be waiting for the other one.
            with self._world.transaction():
                table = self._world.of(ANNOUNCEMENTS)
                pending = [found for state in PENDING for found in table.by("state", state)]
            with self._changed:
                for found in pending:
                    self._waiting.add(found.number, self._due_of(found, now))
        return now

    def _due_of(self, announcement: Announcement, now: float) -> float:
        if announcement.due is None:
            return now
        if announcement.state == WAITING:
            return announcement.due
        # After the clock was moved back, nothing waits longer than its schedule says.
        pause = schedule_of(event_type_of(announcement)).pause_after(scheduled(announcement.attempts))
        return min(announcement.due, now + (pause or 0.0))

    def _prepared(
        self, found: Announcement, *, flaw: Flaw | None = None, serial: str = "", by_hand: bool = False
    ) -> Delivery | None:
        """A delivery; None if none can be made, which is noted."""
        try:
            return self.writer.delivery(found, flaw=flaw, serial=serial, by_hand=by_hand)
        except (Undeliverable, ConfigurationError) as error:
            why = str(error)
        with self._world.transaction():
            self._world.of(ANNOUNCEMENTS).put(undelivered(found, why, self._world.now))
        self._landed(found.number)
        return None


def _made(announcement: Announcement) -> float:
    return announcement.made
