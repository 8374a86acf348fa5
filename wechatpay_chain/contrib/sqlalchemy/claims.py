"""Claims on messages: the statements that make, renew and settle them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._extras import extra
from ...notifications.inbox import UNFINISHED, State
from .dialects import Now
from .tables import inbox as table

with extra("sqlalchemy"):
    from sqlalchemy import (
        Boolean,
        Connection,
        Double,
        RowMapping,
        and_,
        bindparam,
        case,
        exists,
        not_,
        select,
        update,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message that a worker has claimed.

    Attributes:
        id: the row's id.
        token: identifies this claim.
        key: the message's key.
        event_type: such as `TRANSACTION.SUCCESS`.
        tries: how many handlings have begun, this one included.
        row: the message as it is stored.
    """

    id: int
    token: str
    key: str
    event_type: str
    tries: int
    row: Mapping[str, Any] = field(repr=False)


def first_due(connection: Connection) -> dict[str, Any] | None:
    """The first message that is due and has no unfinished earlier one of its business number; its row is locked.

    Each query reads the beginning of the index of state and time, however many messages there are. Expired claims
    come first: others of their numbers wait for them.
    """
    for state in (State.CLAIMED, State.WAITING):
        row = connection.execute(_DUE, {"wanted": state.value}).mappings().first()
        if row is not None:
            return members(row)
    return None


def _due() -> Any:
    """Selects the first message in the state `wanted` that is due."""
    other = table.alias()
    # A condition for each state, and neither `or` nor `in`: PostgreSQL would read all earlier messages of the number,
    # those that are handled too, for each that waits for it.
    waiting, claimed = (
        exists().where(other.c.number == table.c.number, other.c.state == state.value) for state in UNFINISHED
    )
    earlier = waiting.where(other.c.id < table.c.id), claimed.where(other.c.id < table.c.id)
    running = claimed.where(other.c.id > table.c.id, other.c.due > Now())
    return (
        select(table)
        .where(table.c.state == bindparam("wanted"), table.c.due <= Now(), *map(not_, earlier), ~running)
        .order_by(table.c.due, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def held(claim: Claim) -> dict[str, Any]:
    """The parameters of the statements that change a row only while the claim is held."""
    return {"row": claim.id, "held_token": claim.token}


_SECONDS: Double[float] = Double()
# Made once, so that SQLAlchemy compiles each only once.
_DUE = _due()
_IS_HELD = and_(
    table.c.id == bindparam("row"), table.c.token == bindparam("held_token"), table.c.state == State.CLAIMED.value
)
CLAIM = (
    update(table)
    .where(table.c.id == bindparam("row"))
    .values(
        state=State.CLAIMED.value,
        tries=bindparam("next_tries"),
        token=bindparam("next_token"),
        due=Now() + bindparam("lease", type_=_SECONDS),
    )
)
RENEW = update(table).where(_IS_HELD).values(due=Now() + bindparam("lease", type_=_SECONDS))
NOTE = (
    update(table)
    .where(_IS_HELD)
    .values(
        state=bindparam("next_state"),
        tries=bindparam("next_tries"),
        token=None,
        due=Now() + bindparam("pause", type_=_SECONDS),
        finished=case((bindparam("is_finished", type_=Boolean()), Now())),
        error=bindparam("why"),
    )
)


def members(row: RowMapping) -> dict[str, Any]:
    """A row as a dictionary by the names of its columns."""
    return {str(name): value for name, value in row.items()}
