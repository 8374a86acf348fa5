"""Delivers notifications to their merchants: in the background of a server, or on demand."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from ..world.world import Happening, World
from .apps import Answer, call_asgi, call_wsgi, is_asgi
from .notifier import Notifier
from .post import Postman
from .writer import Delivery


class Ripening(Protocol):
    """What makes due events of the world happen; the controls do."""

    @property
    def world(self) -> World:
        """The world; times are read from its clock."""
        ...

    @property
    def next_due(self) -> float | None:
        """When the next thing happens, the world's Unix time in seconds."""
        ...

    def ripen(self) -> None:
        """Let happen what is due by now."""
        ...


_LOST = Answer(error="lost on its way")
# The longest sleep, so that a clock that was moved from outside is noticed.
_LONGEST = 60.0


async def deliver(ripening: Ripening, notifier: Notifier, *, newest_first: bool = False) -> None:
    """Deliver everything that is due, and what becomes due as a result, concurrently.

    Args:
        ripening: its due events happen first.
        notifier: finds what is due.
        newest_first: one after the other, the newest first.
    """
    async with Postman() as postman:
        while deliveries := _due(ripening, notifier, newest_first=newest_first):
            if newest_first:
                for delivery in deliveries:
                    await _carry(notifier, delivery, postman)
            else:
                await asyncio.gather(*(_carry(notifier, delivery, postman) for delivery in deliveries))


def deliver_sync(ripening: Ripening, notifier: Notifier, *, newest_first: bool = False) -> None:
    """As `deliver`, one after the other, in a thread without event loop. A WSGI app runs in the calling thread.

    Raises:
        RuntimeError: the thread runs an event loop.
    """
    while deliveries := _due(ripening, notifier, newest_first=newest_first):
        for delivery in deliveries:
            app, message = delivery.destination.app, delivery.message
            if app is not None and message is not None and not is_asgi(app):
                notifier.settle(delivery, _in_time(call_wsgi(app, delivery.destination.url, message), delivery))
            else:
                asyncio.run(_carry_alone(notifier, delivery))


class Courier:
    """Delivers notifications in the background when they become due, until it is cancelled.

    Args:
        ripening: its due events may announce something.
        notifier: finds what is due.
    """

    def __init__(self, ripening: Ripening, notifier: Notifier) -> None:
        self._ripening = ripening
        self._notifier = notifier
        self._next = 0.0

    async def run(self) -> None:
        """Deliver what is due, sleep until the next is, and so on."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # If the loop was closed meanwhile, there is nobody to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        def happened(_happening: Happening) -> None:
            due = self._ripening.next_due
            if due is not None and due < self._next:
                wake()

        with contextlib.ExitStack() as stack:
            stack.callback(self._notifier.on_wake(wake))
            stack.callback(self._ripening.world.subscribe(happened))
            async with Postman() as postman, asyncio.TaskGroup() as carrying:
                while True:
                    woken.clear()
                    for delivery in _due(self._ripening, self._notifier):
                        carrying.create_task(_carry(self._notifier, delivery, postman))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._pause()):
                            await woken.wait()

    def _pause(self) -> float:
        """Real seconds until something is due."""
        world = self._ripening.world
        now, speed = world.now, world.clock.speed
        due = [time for time in (self._ripening.next_due, self._notifier.next_due()) if time is not None]
        self._next = min(due, default=float("inf"))
        return min(max(0.0, (self._next - now) / speed), _LONGEST) if speed else _LONGEST


def _due(ripening: Ripening, notifier: Notifier, *, newest_first: bool = False) -> list[Delivery]:
    ripening.ripen()
    return notifier.due(newest_first=newest_first)


async def _carry(notifier: Notifier, delivery: Delivery, postman: Postman) -> None:
    try:
        if delivery.delay:
            await asyncio.sleep(delivery.delay)
        answer = await _sent(delivery, postman)
    except BaseException:
        # Cancelled, at the end of a program for instance: as if it had not begun.
        notifier.give_back(delivery)
        raise
    notifier.settle(delivery, answer)


async def _carry_alone(notifier: Notifier, delivery: Delivery) -> None:
    async with Postman() as postman:
        await _carry(notifier, delivery, postman)


async def _sent(delivery: Delivery, postman: Postman) -> Answer:
    message, url, app = delivery.message, delivery.destination.url, delivery.destination.app
    if message is None:
        return _LOST
    if app is None:
        return await postman.post(url, message, delivery.patience)
    if not is_asgi(app):
        return _in_time(await asyncio.to_thread(call_wsgi, app, url, message), delivery)
    try:
        async with asyncio.timeout(delivery.patience):
            return await call_asgi(app, url, message)
    except TimeoutError:
        return Answer(error=f"no answer within {delivery.patience:g} s", seconds=delivery.patience)


def _in_time(answer: Answer, delivery: Delivery) -> Answer:
    """The answer of an app, or an error if it came too late: such an app can't be interrupted."""
    if answer.seconds <= delivery.patience:
        return answer
    return Answer(error=f"no answer within {delivery.patience:g} s", seconds=answer.seconds)
