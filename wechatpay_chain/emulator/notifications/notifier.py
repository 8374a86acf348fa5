"""The notifier: which notifications are due, and what becomes of them once the merchant has answered.

It sends nothing itself: `due` hands out deliveries, `settle` takes the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any

from ...crypto.asymmetric import Algorithm
from ...errors import ConfigurationError, DecodeError
from ...wire import v2
from .. import faults
from ..faults import Faults, Flaw
from ..platform.keys import KeyPair
from ..world.announcements import ANNOUNCEMENTS, WAITING, Announcement
from ..world.world import Happening, World
from . import messages
from .addresses import Addresses, Destination, Undeliverable
from .apps import Answer
from .messages import Message, kind_of
from .schedules import schedule_of
from .waiting import MOST, Waiting

RETRYING = "RETRYING"
"""It was not taken, and is sent again."""
DELIVERED = "DELIVERED"
"""The merchant has taken it."""
GIVEN_UP = "GIVEN_UP"
"""It was not taken, and the schedule is at its end."""
BY_HAND = "BY_HAND"
"""It is sent when somebody asks for it, and not by a schedule."""
UNDELIVERABLE = "UNDELIVERABLE"
"""There is nowhere to send it to."""

_PENDING = (WAITING, RETRYING)
_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a notification.

    Attributes:
        announcement: what is delivered.
        destination: where to.
        message: what is sent; None where it gets lost on its way.
        patience: real seconds that the merchant has to answer.
        delay: real seconds to wait before.
        serial: which key signed it.
        flaw: what is wrong with it.
        by_hand: whether somebody asked for it, beside the schedule.
    """

    announcement: Announcement
    destination: Destination
    message: Message | None = field(repr=False)
    patience: float
    delay: float = 0.0
    serial: str = ""
    flaw: Flaw | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extra:
    """An attempt that somebody asked for."""

    due: float
    number: str
    flaw: Flaw | None
    serial: str


class Notifier:
    """Decides what is sent when. It may be used from many threads.

    Args:
        world: holds the announcements, the merchants, the platform's keys and the clock.
        real: gives the real Unix time in seconds, which signatures carry.
        default_key: gives the platform's key that signs where nothing names another, for merchants with keys of a kind.
        addresses: where a `notify_url` leads.
        struck: rules that strike notifications.
        patience: real seconds that merchants have to answer; by default, the kind's own.
    """

    def __init__(
        self,
        world: World,
        real: Callable[[], float],
        default_key: Callable[[Algorithm], KeyPair],
        addresses: Addresses,
        struck: Faults,
        patience: float | None = None,
    ) -> None:
        self.addresses = addresses
        self._world = world
        self._real = real
        self._default_key = default_key
        self._faults = struck
        self._patience = patience
        self._held = False
        self._waiting = Waiting()
        # The latest time that was seen: a clock that was moved back makes everything due at another time.
        self._seen = float("inf")
        self._extras: list[_Extra] = []
        self._changed = Condition()
        self._wakers: list[Callable[[], None]] = []
        world.subscribe(self._happened)

    @property
    def default_key(self) -> KeyPair:
        """The platform's key that signs where nothing names another."""
        return self._default_key("RSA")

    # ── when ──

    def wake(self) -> None:
        """Say that something may be due: the clock was moved, or something was announced."""
        for waker in tuple(self._wakers):
            waker()

    def on_wake(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Call a function, from any thread, when something may be due.

        Returns:
            What ends it.
        """
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker)

    def next_due(self) -> float | None:
        """When the next attempt is due, the world's Unix time; None where nothing is, or too many are on their way."""
        self._look_at_the_clock()
        with self._changed:
            times = [extra.due for extra in self._extras]
            waiting = None if self._held else self._waiting.next_due
        return min(times if waiting is None else [*times, waiting], default=None)

    @property
    def held(self) -> bool:
        """Whether nothing is sent by schedule."""
        return self._held

    def hold(self) -> None:
        """Send nothing by schedule until `release`."""
        self._held = True

    def release(self) -> None:
        """Go on after `hold`."""
        self._held = False
        self.wake()

    def forget(self) -> None:
        """Drop what somebody asked for and isn't sent yet, and `hold`."""
        with self._changed:
            self._extras.clear()
            self._held = False

    # ── what ──

    def due(self, *, newest_first: bool = False) -> list[Delivery]:
        """What is to be sent now, as far as there is room. Each delivery is handed out once, and must be settled.

        Args:
            newest_first: the other way round than they came to be, and all of them.
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
        """Send a notification once more, whatever became of it.

        Args:
            number: the notification's own.
            flaw: what is to be wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.
            after: seconds of the world's time from now.

        Raises:
            ConfigurationError: there is no such notification or key, or one of APIv2 can't have that flaw.
        """
        found = self._world.of(ANNOUNCEMENTS).get(number)
        if found is None:
            raise ConfigurationError("number", f"there is no notification {number!r}", "List them to see their numbers")
        key = self._key(serial, found.mchid)
        if flaw is not None:
            # Says at once what this notification can't have.
            messages.sign(self.body(found, key), key, self._real(), flaw=flaw)
        with self._changed:
            self._extras.append(_Extra(due=self._world.now + after, number=number, flaw=flaw, serial=serial))
        self.wake()

    def body(self, announcement: Announcement, key: KeyPair) -> bytes:
        """The body of a notification, sealed for its merchant.

        Args:
            announcement: what it says.
            key: the platform's, which will sign it.

        Raises:
            ConfigurationError: there is no such merchant.
        """
        merchant = self._world.merchants.get(announcement.mchid)
        if merchant is None:
            raise ConfigurationError("mchid", f"there is no merchant {announcement.mchid!r}", "Add it to the emulator")
        return messages.write(announcement, merchant, key)

    def message(self, announcement: Announcement, *, flaw: Flaw | None = None, serial: str = "") -> Message:
        """A notification, signed now."""
        merchant = self._world.merchants.get(announcement.mchid)
        own = merchant and merchant.platform_key
        key = own if own and not serial else self._key(serial, announcement.mchid)
        return messages.sign(self.body(announcement, key), key, self._real(), flaw=flaw, brand=own is not None)

    # ── and then ──

    def settle(self, delivery: Delivery, answer: Answer) -> None:
        """Note what a merchant answered, and when the notification is sent again."""
        with self._world.transaction():
            table = self._world.of(ANNOUNCEMENTS)
            found = table.get(delivery.announcement.number)
            if found is not None:
                table.put(_after(found, delivery, answer, self._world.now))
        self._landed(delivery.announcement.number)

    def give_back(self, delivery: Delivery) -> None:
        """Say that a delivery was not made, so that it is handed out again."""
        self._landed(delivery.announcement.number)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait in the calling thread until nothing is due and nothing is on its way; whether that came to be.

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
        """Let a notification wait for its time, if it is pending; whether it is."""
        found = self._world.of(ANNOUNCEMENTS).get(number)
        if found is None or found.state not in _PENDING:
            self._waiting.drop(number)
            return False
        self._waiting.add(number, self._due_of(found, self._world.now))
        return True

    def _taken(self, now: float, *, all_of_them: bool) -> Iterator[Announcement]:
        """The notifications that are due, each on its way from now on."""
        while all_of_them or self._waiting.flying < MOST:
            number = self._waiting.pop(now)
            if number is None:
                return
            found = self._world.of(ANNOUNCEMENTS).get(number)
            if found is None or found.state not in _PENDING:
                continue
            if self._waiting.send(number, found.notify_url, crowded=all_of_them):
                yield found

    def _look_at_the_clock(self) -> float:
        """The world's time. At first, and where the clock was moved back, it says anew when what is pending is due."""
        now = self._world.now
        with self._changed:
            moved_back, self._seen = now < self._seen, now
        if moved_back:
            # Under the world's lock first: who holds it may wait for the other one.
            with self._world.transaction():
                table = self._world.of(ANNOUNCEMENTS)
                pending = [found for state in _PENDING for found in table.by("state", state)]
            with self._changed:
                for found in pending:
                    self._waiting.add(found.number, self._due_of(found, now))
        return now

    def _due_of(self, announcement: Announcement, now: float) -> float:
        if announcement.due is None:
            return now
        if announcement.state == WAITING:
            return announcement.due
        # Where the clock was moved back, nothing waits longer than its schedule says.
        pause = schedule_of(kind_of(announcement)).pause_after(_scheduled(announcement.attempts))
        return min(announcement.due, now + (pause or 0.0))

    def _prepared(
        self, found: Announcement, *, flaw: Flaw | None = None, serial: str = "", by_hand: bool = False
    ) -> Delivery | None:
        kind = kind_of(found)
        effects = self._faults.strike(f"{faults.NOTIFICATION} {kind}", found.mchid)
        met: Mapping[type, Any] = {type(effect): effect for effect in effects}
        forged: faults.Forge | None = met.get(faults.Forge)
        other: faults.OtherKey | None = met.get(faults.OtherKey)
        delay: faults.Delay | None = met.get(faults.Delay)
        flaw = flaw or (forged.flaw if forged else None)
        try:
            destination = self.addresses.resolve(found.notify_url)
            key = self._key(serial, found.mchid)
            if other is not None:
                key = self.other_key(other.serial, key)
            message = self.message(found, flaw=flaw, serial=key.serial)
        except (Undeliverable, ConfigurationError) as error:
            self._give_up(found, str(error))
            return None
        return Delivery(
            announcement=found,
            destination=destination,
            message=None if faults.LoseAnswer in met else message,
            patience=self._patience or schedule_of(kind).patience,
            delay=delay.seconds if delay else 0.0,
            serial=key.serial,
            flaw=flaw,
            by_hand=by_hand,
        )

    def _give_up(self, found: Announcement, why: str) -> None:
        now = self._world.now
        attempt = {"time": now, "url": found.notify_url, "status": None, "error": why, "taken": False}
        with self._world.transaction():
            self._world.of(ANNOUNCEMENTS).put(
                found.moved(UNDELIVERABLE, now, attempts=(*found.attempts, attempt))
                if found.state != DELIVERED
                else replace(found, attempts=(*found.attempts, attempt))
            )
        self._landed(found.number)

    def _key(self, serial: str, mchid: str) -> KeyPair:
        if not serial:
            merchant = self._world.merchants.get(mchid)
            return self._default_key("RSA" if merchant is None else merchant.key.algorithm)
        keys = self._world.platform_keys
        named = next((key for key in keys if key.serial == serial), None)
        if named is None:
            raise ConfigurationError(
                "serial", f"the platform has no key {serial!r}", f"Give one of {', '.join(key.serial for key in keys)}"
            )
        return named

    def other_key(self, serial: str, usual: KeyPair) -> KeyPair:
        """The key that signs where a fault asks for another than usual.

        Args:
            serial: of the key; empty for the next that the merchant knows.
            usual: signs otherwise, and where there is no other.
        """
        if serial:
            return next((key for key in self._world.platform_keys if key.serial == serial), usual)
        return next((key for key in self._world.platform_keys if key.serial != usual.serial), usual)


def was_taken(announcement: Announcement, answer: Answer) -> bool:
    """Whether an answer says that the merchant has taken a notification.

    https://pay.weixin.qq.com/doc/v3/merchant/4012791882: 200 or 204. APIv2 wants XML with a `return_code` of SUCCESS.
    """
    if answer.error or answer.status is None or not 200 <= answer.status < 300:
        return False
    if announcement.protocol == "v3":
        return True
    try:
        return v2.parse(answer.body).get("return_code") == "SUCCESS"
    except DecodeError:
        return False


def _after(found: Announcement, delivery: Delivery, answer: Answer, now: float) -> Announcement:
    taken = was_taken(found, answer)
    attempt = {
        "time": now,
        "url": delivery.destination.url,
        "status": answer.status,
        "content_type": answer.content_type,
        "answer": answer.body[:_SHOWN].decode("utf-8", "replace"),
        "error": answer.error,
        "seconds": round(answer.seconds, 6),
        "taken": taken,
        "serial": delivery.serial,
        "flaw": delivery.flaw or "",
        "by_hand": delivery.by_hand,
    }
    attempts = (*found.attempts, attempt)
    if found.state != DELIVERED and taken and delivery.flaw is None:
        return found.moved(DELIVERED, now, attempts=attempts)
    if found.state == DELIVERED or delivery.by_hand:
        return replace(found, attempts=attempts)
    pause = schedule_of(kind_of(found)).pause_after(_scheduled(attempts))
    if pause is None:
        return found.moved(GIVEN_UP, now, attempts=attempts)
    # From the time when it should have been sent, so that a clock that jumps over many attempts leaves none out.
    return found.moved(RETRYING, now, attempts=attempts, due=(found.due or found.made) + pause)


def _scheduled(attempts: Iterable[Mapping[str, Any]]) -> int:
    """How many attempts the schedule has made."""
    return sum(not attempt.get("by_hand") for attempt in attempts)


def _made(announcement: Announcement) -> float:
    return announcement.made
