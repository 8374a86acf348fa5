"""The world: holds all records, and changes them in transactions."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, cast

from ...errors import ConfigurationError
from ..platform.keys import KeyPair
from .announcements import ANNOUNCEMENTS, WAITING, Announcement, number
from .clock import WorldClock
from .downloads import Downloads
from .merchants import Merchant
from .records import Kind, Record, Table
from .settings import (
    CLOCK,
    PLATFORM_KEYS,
    SETTINGS,
    Setting,
    clock_setting,
    keys_of,
    keys_setting,
    merchant_of,
    merchant_setting,
)
from .state import State

R = TypeVar("R", bound=Record)

_KEPT_HAPPENINGS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A record was made, changed or removed.

    Attributes:
        number: counts the happenings of a process, from 1.
        time: when, the world's Unix time in seconds.
        mchid: the merchant that the record belongs to.
        kind: the name of its table.
        key: its key there.
        state: its state now; empty for one that was removed.
    """

    number: int
    time: float
    mchid: str
    kind: str
    key: str
    state: str


Listener = Callable[[Happening], None]


class World:
    """Merchants, records and a clock. It may be used from many threads.

    Args:
        kinds: the kinds of records of all products.
        clock: gives the real Unix time in seconds.
        state: saves the records on disk; None keeps them in memory only.

    Attributes:
        clock: the world's clock.
        merchants: by their number.
        downloads: the files behind links.
        happenings: the last 10,000 changes, the newest last.
    """

    def __init__(
        self, kinds: Sequence[Kind[Any]], *, clock: Callable[[], float] = time.time, state: State | None = None
    ) -> None:
        self.clock = WorldClock(clock, self._keep_clock)
        self.merchants: dict[str, Merchant] = {}
        self._platform_keys: tuple[KeyPair, ...] = ()
        self.downloads = Downloads()
        self.happenings: deque[Happening] = deque(maxlen=_KEPT_HAPPENINGS)
        self._tables: dict[str, Table[Any]] = {
            kind.name: Table(kind, self._changed) for kind in (*kinds, ANNOUNCEMENTS, SETTINGS)
        }
        self._state = state
        self._lock = RLock()
        self._depth = 0
        # Each changed record as it was when the transaction began.
        self._before: dict[tuple[str, str], Record | None] = {}
        self._due: list[tuple[float, str, str]] = []
        self._listeners: list[Listener] = []
        self._count = itertools.count(1)
        if state is not None:
            try:
                self._load(state)
            except BaseException:
                state.close()
                raise

    def of(self, kind: Kind[R]) -> Table[R]:
        """The table of a kind."""
        return cast("Table[R]", self._tables[kind.name])

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        """All tables."""
        return tuple(self._tables.values())

    def add_merchant(self, merchant: Merchant) -> Merchant:
        """Let another merchant call; one of the same number is replaced. Returns it."""
        if merchant.key.algorithm == "SM2" and all(key.algorithm != "SM2" for key in self.platform_keys):
            self.platform_keys = (*self.platform_keys, KeyPair.certified(algorithm="SM2"))
        self._keep(merchant_setting(merchant, self.now))
        self.merchants[merchant.mchid] = merchant
        return merchant

    def merchant(self, mchid: str) -> Merchant:
        """The merchant with a number.

        Raises:
            ConfigurationError: there is none.
        """
        merchant = self.merchants.get(mchid)
        if merchant is None:
            raise ConfigurationError(
                "mchid",
                f"there is no merchant {mchid!r}",
                f"Give one of {', '.join(self.merchants)}, or add it with emulator.add_merchant(...)",
            )
        return merchant

    @property
    def platform_keys(self) -> tuple[KeyPair, ...]:
        """The platform's keys, which sign answers and notifications; the first of RSA is also the bank's."""
        return self._platform_keys

    @platform_keys.setter
    def platform_keys(self, keys: tuple[KeyPair, ...]) -> None:
        self._keep(keys_setting(keys, self.now))
        self._platform_keys = keys

    @property
    def bank_key(self) -> KeyPair:
        """The pair of the key that `risk/getpublickey` of APIv2 answers."""
        return next((key for key in self.platform_keys if key.algorithm == "RSA"), None) or self._own_bank_key

    @cached_property
    def _own_bank_key(self) -> KeyPair:
        return KeyPair.wechatpay()

    @property
    def now(self) -> float:
        """The world's Unix time in seconds."""
        return self.clock()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Changes inside are committed together, on disk too, when it ends; an exception undoes them.

        One transaction runs at a time. A transaction inside of another is part of that one.

        Raises:
            OSError: the changes can't be written to disk; they are undone.
        """
        happened: list[Happening] = []
        with self._lock:
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    happened = self._commit()
            except BaseException:
                if self._depth == 1:
                    self._undo()
                raise
            finally:
                self._depth -= 1
        for happening in happened:
            for listener in tuple(self._listeners):
                listener(happening)

    def advance(self, seconds: float) -> None:
        """Move the clock by some seconds; what becomes due meanwhile happens at its time."""
        target = self.clock() + seconds
        while self._due and self._due[0][0] <= target:
            self.clock.set(max(self._due[0][0], self.clock()))
            self.ripen()
        self.clock.set(target)

    def ripen(self) -> None:
        """Change what was due up to now: orders expire, refunds arrive. Every call to the emulator begins with it."""
        if not self._due or self._due[0][0] > self.clock():
            return
        with self._lock:
            while self._due and self._due[0][0] <= self.clock():
                when, name, key = heapq.heappop(self._due)
                table = self._tables[name]
                record = table.get(key)
                if record is None or record.due != when or table.kind.ripen is None:
                    continue
                try:
                    with self.transaction():
                        table.kind.ripen(self, record)
                except BaseException:
                    # It stays due.
                    heapq.heappush(self._due, (when, name, key))
                    raise

    @property
    def next_due(self) -> float | None:
        """When the next record changes by itself, at the earliest; the world's Unix time in seconds."""
        return self._due[0][0] if self._due else None

    def announce(
        self,
        *,
        mchid: str,
        about: tuple[str, str],
        notify_url: str,
        event_type: str,
        resource: dict[str, Any],
        original_type: str = "",
        summary: str = "",
        protocol: str = "v3",
    ) -> Announcement:
        """Add a notification to those to be delivered. The arguments are the attributes of `Announcement`."""
        now = self.clock()
        announcement = Announcement(
            mchid=mchid,
            made=now,
            state=WAITING,
            history=((now, WAITING),),
            number=number(),
            notify_url=notify_url,
            event_type=event_type,
            original_type=original_type,
            summary=summary,
            resource=resource,
            protocol="v2" if protocol == "v2" else "v3",
            about=about,
        )
        return self.of(ANNOUNCEMENTS).put(announcement)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a function with every happening, after it was committed, in the thread that caused it.

        Returns:
            A function that stops this.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Close the state on disk."""
        if self._state is not None:
            self._state.close()

    def _changed(self, kind: Kind[Any], key: str, old: Record | None, _new: Record | None) -> None:
        if not self._depth:
            raise RuntimeError("records change inside of World.transaction() only")
        self._before.setdefault((kind.name, key), old)

    def _commit(self) -> list[Happening]:
        changed = [(name, key, self._tables[name].get(key)) for name, key in self._before]
        if self._state is not None and changed:
            self._state.save((name, key, None if record is None else record.to_json()) for name, key, record in changed)
        before, self._before = self._before, {}
        now, happened = self.clock(), list[Happening]()
        for name, key, record in changed:
            old = before[name, key]
            if record is not None and record.due is not None and (old is None or old.due != record.due):
                heapq.heappush(self._due, (record.due, name, key))
            known = record or old
            if known is not None:
                happened.append(
                    Happening(
                        number=next(self._count),
                        time=now,
                        mchid=known.mchid,
                        kind=name,
                        key=key,
                        state="" if record is None else record.state,
                    )
                )
        self.happenings.extend(happened)
        return happened

    def _undo(self) -> None:
        for (name, key), record in self._before.items():
            self._tables[name].restore(key, record)
        self._before = {}

    def _keep(self, setting: Setting) -> None:
        # In memory the objects themselves are enough; writing keys as text takes milliseconds.
        if self._state is not None:
            with self.transaction():
                self.of(SETTINGS).put(setting)

    def _keep_clock(self) -> None:
        self._keep(clock_setting(self.clock.to_json(), self.now))

    def _load(self, state: State) -> None:
        latest = 0.0
        for name, key, value in state.load():
            table = self._tables.get(name)
            if table is None:
                raise state.damaged(ValueError(f"there are no {name}"))
            try:
                record = table.kind.record.from_json(value)
                table.restore(key, record)
            except (ValueError, TypeError) as error:
                raise state.damaged(error) from error
            latest = max(latest, record.made, record.history[-1][0] if record.history else 0.0)
            if record.due is not None:
                self._due.append((record.due, name, key))
        heapq.heapify(self._due)
        try:
            self._take_up()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise state.damaged(error) from error
        # The real clock may have been set back meanwhile.
        if latest > self.clock() and self.of(SETTINGS).get(CLOCK) is None:
            self.clock.set(latest)

    def _take_up(self) -> None:
        for setting in self.of(SETTINGS):
            if setting.name == PLATFORM_KEYS:
                self._platform_keys = keys_of(setting.value)
            elif setting.name == CLOCK:
                self.clock.resume(setting.value)
            else:
                merchant = merchant_of(setting.value)
                self.merchants[merchant.mchid] = merchant
