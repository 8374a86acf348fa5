"""The inbox: notifications kept in the shop's own database, and handled from there.

    webhook = Webhook(..., inbox=SqlInbox(engine))

The receiving half stores a verified notification and answers 200 once that is committed. A worker takes what is stored
in order per business number, has `Webhook.handle` call its handler, and notes how it went. This package holds what all
databases share, without a library of any:

- `Inbox`, the shape that `Webhook` stores with;
- `Message`, a verified notification as it is stored, with the `Notification` that it gives back;
- `Packer`, which turns a message's content into bytes and back, sealed with a key of the caller's if there is one;
- `rows_kept`, how long a row remains whose content is erased;
- `State`, `Event` and `next_step`: what becomes of a stored message, and when it is tried again;
- `Record`, a stored message with its state, `masked`, its resource as people may see it, `Counts` and `Observer`.

How an inbox of another library is built on it:

1. Store: a table with one row a message, `key` unique. `store` inserts `Packed` and the other members of a `Message`,
   does nothing where the key is there, and returns after the commit. It may be a coroutine function or a function,
   which then runs where handlers do: in a thread, or in the caller's (`dispatch_sync(in_calling_thread=True)`).
2. Claim: lock a row that is due (`WAITING` and its time has come, or `CLAIMED` and its lease is over) and that has no
   earlier row of the same `number` in a state of `UNFINISHED`; write `next_step(Event.CLAIMED, tries, ...)`, a fresh
   token and the end of the lease by the database's own clock; commit.
3. Handle: open the transaction in which the handler works and write `Event.HANDLED` first, only where the token still
   is this claim's. Then call `await webhook.handle(message.notification())`, or `handle_sync`. A handler that raises,
   or replies with a failure, has the transaction rolled back. So the effect and the state commit together or not at
   all. See that it was committed: PostgreSQL answers the commit of a transaction in which a statement failed as any
   other, and undoes it. Let the handler work in a savepoint, whose release fails there.
4. Failed: write `next_step(Event.FAILED, tries, ...)` where the token still is this claim's. A worker that is told to
   stop writes `Event.RELEASED`. One that is killed writes nothing, and its claim expires with its lease.
"""

from __future__ import annotations

from .message import Message, business_number
from .packing import Packed, Packer
from .record import Counts, Observer, Record, masked
from .retention import rows_kept
from .states import UNFINISHED, Event, Patience, State, Step, next_step
from .store import Inbox

__all__ = [
    "UNFINISHED",
    "Counts",
    "Event",
    "Inbox",
    "Message",
    "Observer",
    "Packed",
    "Packer",
    "Patience",
    "Record",
    "State",
    "Step",
    "business_number",
    "masked",
    "next_step",
    "rows_kept",
]
