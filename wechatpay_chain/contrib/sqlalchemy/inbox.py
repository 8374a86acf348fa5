"""`SqlInbox`: messages in a table of the shop's database."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ..._arguments import FINITE_SECONDS, FLAG, check, instance
from ..._extras import extra
from ...credentials.arguments import conceals_arguments
from ...errors import ConfigurationError
from ...notifications.inbox import (
    UNFINISHED,
    Counts,
    Event,
    Message,
    Packed,
    Packer,
    Patience,
    Record,
    State,
    next_step,
    rows_kept,
)
from ...notifications.seen import V2_KEYS
from .claims import CLAIM, NOTE, RENEW, Claim, first_due, held, members
from .database import Database
from .dialects import Now
from .tables import create_tables
from .tables import inbox as table

with extra("sqlalchemy"):
    from sqlalchemy import (
        Connection,
        Engine,
        RowMapping,
        and_,
        delete,
        false,
        func,
        or_,
        select,
        update,
    )
    from sqlalchemy.ext.asyncio import AsyncEngine

LEASE = 60.0
"""Seconds after which a claim that isn't renewed expires, because its worker died."""

_OF_RECORDS = tuple(
    table.c[name]
    for name in (
        *("key", "number", "event_type", "original_type", "summary"),
        *("state", "tries", "received", "due", "finished", "error"),
    )
)

_TAKES = {
    "reads_unsealed": FLAG,
    "patience": instance(Patience | None, "Give Patience(most=16)"),
    "lease": FINITE_SECONDS,
}


class SqlInbox:
    """An `Inbox` for any number of receivers and workers that share one database.

    Messages of one business number are handled in the order in which they came, one at a time. A dead one delays
    no others. Times are read from the database's clock, so the clocks of the machines may differ.

    Args:
        engine: of the shop's database; it stays open.
        seal_key: 32 bytes to seal bodies and resources with; None stores them as they are.
        reads_unsealed: whether to read, although there is a seal_key, what was stored without one; if not, it is
            refused, and its handling fails.
        patience: how often a message is tried before it is dead, and the pauses between.
        lease: seconds after which a claim expires, because its worker died; it is renewed while its handler runs.

    Raises:
        ConfigurationError: the engine isn't one, or is of an unknown database; or another argument is wrong.
    """

    @conceals_arguments
    def __init__(
        self,
        engine: AsyncEngine | Engine,
        *,
        seal_key: bytes | None = None,
        reads_unsealed: bool = False,
        patience: Patience | None = None,
        lease: float = LEASE,
    ) -> None:
        check(_TAKES, reads_unsealed=reads_unsealed, patience=patience, lease=lease)
        self.database = Database(engine)
        self.patience = Patience() if patience is None else patience
        self.lease = lease
        self._packer = Packer(seal_key, reads_unsealed=reads_unsealed)
        first = {"state": State.WAITING.value, "tries": 0, "received": Now(), "due": Now(), "error": ""}
        self._insert = self.database.dialect.insert_once(table, first)

    async def create_tables(self) -> None:
        """Make the tables that aren't there; see `create_tables`."""
        await self.database.run(create_tables)

    async def store(self, message: Message) -> None:
        """Store a message, and return once that is committed. One whose key is there already changes nothing."""
        packed = self._packer.pack(message)
        values = {
            "key": message.key,
            "number": message.number,
            "notification_id": message.id,
            "event_type": message.event_type,
            "original_type": message.original_type,
            "create_time": message.create_time,
            "resource_type": message.resource_type,
            "summary": message.summary,
            "headers": packed.headers,
            "body": packed.body,
            "resource": packed.resource,
        }
        await self.database.run(lambda connection: connection.execute(self._insert, values))

    async def claim(self) -> Claim | None:
        """Claim the first message that is due, for a worker; None if there is none.

        Cancelled, it gives back what it had claimed.
        """
        claim: Claim | None = None

        def work(connection: Connection) -> Claim | None:
            nonlocal claim
            claim = self._claim(connection)
            return claim

        try:
            return await self.database.run(work, locks_range=True)
        except asyncio.CancelledError:
            if claim is not None:
                # Its failure is logged by the loop, and the claim expires with its lease.
                await asyncio.wait([asyncio.ensure_future(self.settle(claim, Event.RELEASED))])
            raise

    async def renew(self, claim: Claim) -> bool:
        """Have a claim last for another lease; False if it has expired."""
        values = {**held(claim), "lease": self.lease}
        return await self.database.run(lambda connection: connection.execute(RENEW, values).rowcount > 0)

    async def settle(self, claim: Claim, event: Event, error: str = "") -> None:
        """Note how handling went, if the claim is still held.

        Args:
            claim: what was handled.
            event: `HANDLED`, `FAILED` or `RELEASED`.
            error: why it failed: the exception's type, without its text.
        """
        await self.database.run(lambda connection: self.note(connection, claim, event, error))

    def note(self, connection: Connection, claim: Claim, event: Event, error: str = "") -> bool:
        """`settle` in a transaction of the caller's; False if the claim has expired."""
        step = next_step(State.CLAIMED, event, claim.tries, self.patience, random.random())  # noqa: S311 - spreads
        if step is None:
            raise ConfigurationError("event", f"{event!r} was found", "Give HANDLED, FAILED or RELEASED")
        values = {
            **held(claim),
            "next_state": step.state.value,
            "next_tries": step.tries,
            "pause": step.pause,
            "is_finished": step.state not in UNFINISHED,
            "why": error[:128],
        }
        return connection.execute(NOTE, values).rowcount > 0

    def message(self, claim: Claim) -> Message:
        """The message that was claimed.

        Raises:
            DecryptionError: it is sealed with another key, or not sealed though there is one.
            DecodeError: what is stored was changed or damaged.
        """
        return self._message(claim.row)

    # For operators and their tools.

    async def count(self) -> Counts:
        """How many messages there are in each state, and how long the oldest has waited."""
        by_state = select(table.c.state, func.count()).group_by(table.c.state)
        waiting = table.c.state.in_(UNFINISHED)
        oldest = select(Now() - func.min(table.c.received)).where(waiting)

        def counted(connection: Connection) -> Counts:
            found = {State(state): number for state, number in connection.execute(by_state)}
            return Counts({state: found.get(state, 0) for state in State}, connection.scalar(oldest) or 0.0)

        return await self.database.run(counted)

    async def records(
        self, *, state: State | None = None, number: str | None = None, most: int = 100
    ) -> Sequence[Record]:
        """Messages with their states, the newest first.

        Args:
            state: only those in this state.
            number: only those of this business number.
            most: how many at most.
        """
        query = select(*_OF_RECORDS).order_by(table.c.id.desc()).limit(most)
        if state is not None:
            query = query.where(table.c.state == state.value)
        if number is not None:
            query = query.where(table.c.number == number)
        return await self.database.run(
            lambda connection: [_record(row) for row in connection.execute(query).mappings()]
        )

    async def read(self, key: str) -> tuple[Record, Message | None] | None:
        """A message with its state; without its content if that was erased. None if there is no such message.

        Raises:
            DecryptionError: it is sealed with another key, or not sealed though there is one.
        """
        query = select(table).where(table.c.key == key)
        row = await self.database.run(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            return None
        record = _record(row)
        return record, None if record.state is State.FORGOTTEN else self._message(members(row))

    async def retry(self, keys: Sequence[str] | None = None) -> int:
        """Have messages handled again: dead ones, and those that wait for their next try. Returns how many.

        Args:
            keys: of the messages; None for all dead ones.
        """
        chosen = table.c.state == State.DEAD.value
        if keys is not None:
            chosen = and_(table.c.state.in_(_leading(Event.RETRIED)), table.c.key.in_(keys))
        retried = {"state": State.WAITING.value, "tries": 0, "due": Now(), "finished": None, "error": ""}
        return await self._change(update(table).where(chosen).values(retried))

    async def forget(self, number: str) -> int:
        """Erase the content of the messages of a business number that are done or dead. Returns how many.

        What isn't handled yet stays: have it handled first. Number, key and times remain, so that a repetition isn't
        taken for a new notification.
        """
        return await self._change(_erasing(table.c.number == number))

    async def retain(self, seconds: float) -> int:
        """Erase the content of messages that were done or given up longer ago than this. Returns how many.

        Their rows are deleted when the platform no longer repeats them and a recorded copy would be refused as too
        old: after 26 hours, those of APIv2 after 60 days, and after `seconds` if that is longer.

        Args:
            seconds: how long content is kept.

        Raises:
            ConfigurationError: `seconds` is negative, or no finite number.
        """
        kept, kept_v2 = rows_kept(seconds)
        erased = await self._change(_erasing(table.c.finished <= Now() - seconds))
        is_v2 = table.c.key.startswith(V2_KEYS)
        old = or_(
            and_(~is_v2, table.c.finished <= Now() - kept),
            and_(is_v2, table.c.finished <= Now() - kept_v2),
        )
        await self._change(delete(table).where(table.c.state == State.FORGOTTEN.value, old))
        return erased

    async def _change(self, statement: Any) -> int:
        return await self.database.run(lambda connection: connection.execute(statement).rowcount)

    def _claim(self, connection: Connection) -> Claim | None:
        if not self.database.dialect.has_row_locks:
            connection.execute(update(table).where(false()).values(tries=0))  # takes the lock of the database
        while (row := first_due(connection)) is not None:
            step = next_step(State(row["state"]), Event.CLAIMED, row["tries"], self.patience)
            if step is not None and step.state is State.CLAIMED:
                token = secrets.token_hex(16)
                values = {"row": row["id"], "next_tries": step.tries, "next_token": token, "lease": self.lease}
                connection.execute(CLAIM, values)
                return Claim(
                    id=row["id"],
                    token=token,
                    key=row["key"],
                    event_type=row["event_type"],
                    tries=step.tries,
                    row=row,
                )
            given_up = {"state": State.DEAD.value, "token": None, "finished": Now(), "error": "its worker died"}
            connection.execute(update(table).where(table.c.id == row["id"]).values(given_up))
        return None

    def _message(self, row: Mapping[str, Any]) -> Message:
        headers, body, resource = self._packer.unpack(
            row["key"], Packed(row["headers"], bytes(row["body"]), bytes(row["resource"]))
        )
        return Message(
            key=row["key"],
            number=row["number"],
            id=row["notification_id"],
            event_type=row["event_type"],
            original_type=row["original_type"],
            create_time=row["create_time"],
            resource_type=row["resource_type"],
            summary=row["summary"],
            headers=headers,
            body=body,
            resource=resource,
        )


def _erasing(chosen: Any) -> Any:
    erased = {"state": State.FORGOTTEN.value, "headers": "{}", "body": b"", "resource": b"", "summary": ""}
    return update(table).where(table.c.state.in_(_leading(Event.FORGOTTEN)), chosen).values(erased)


def _leading(event: Event) -> list[str]:
    """The states that an event changes."""
    return [state.value for state in State if next_step(state, event, 0, Patience()) is not None]


def _record(row: RowMapping) -> Record:
    values: dict[str, Any] = {column.name: row[column.name] for column in _OF_RECORDS}
    values["state"] = State(row["state"])
    return Record(**values)
