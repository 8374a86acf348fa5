"""The inbox in the project's own database: `DjangoInbox`, and the `Worker` that handles what is stored in it.

    inbox = DjangoInbox()
    webhook = Webhook(..., inbox=inbox)
    urlpatterns = [path("wechatpay/notify", sync_view(webhook))]

    python manage.py wechatpay_inbox work      # as many of these processes as you like

A handler that is a plain function runs in the transaction that notes it: both commit, or neither does.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, IntegrityError, close_old_connections, connections, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now

from ..._arguments import FINITE_SECONDS, FLAG, check, instance
from ...credentials.arguments import conceals_arguments
from ...notifications.inbox import UNFINISHED, Event, Message, Packed, Packer, Patience, State, next_step, rows_kept
from ...notifications.seen import V2_KEYS
from ...notifications.webhook import Webhook
from ...policies.backoff import Backoff
from .models import StoredNotification
from .transactions import whole

LEASE = 60.0
"""Seconds after which a claim expires, if its worker died before the handler began."""

_log = logging.getLogger(__name__)
_UNTIL_IT_IS_BACK = Backoff(0.5, 10.0, 0.5)


@dataclass(frozen=True, slots=True)
class Claim:
    """A notification that a worker has claimed.

    Attributes:
        row: the notification as it is stored.
        token: identifies this claim.
        tries: how many handlings have begun, this one included.
    """

    row: StoredNotification = field(repr=False)
    token: str
    tries: int


_TAKES = {
    "reads_unsealed": FLAG,
    "using": instance(str, "Give the alias of a database of DATABASES"),
    "patience": instance(Patience | None, "Give Patience(most=16)"),
}


class DjangoInbox:
    """An `Inbox` in the project's database, for any number of receivers and workers. Times are the database's.

    Args:
        using: the alias of the database.
        seal_key: 32 bytes to seal bodies and resources with; None stores them as they are.
        reads_unsealed: whether to read, although there is a seal_key, what was stored without one; if not, it is
            refused, and its handling fails.
        patience: how often a notification is tried before it is dead, and the pauses between.

    Raises:
        ConfigurationError: the key has another length, or another argument is wrong.
    """

    @conceals_arguments
    def __init__(
        self,
        *,
        using: str = DEFAULT_DB_ALIAS,
        seal_key: bytes | None = None,
        reads_unsealed: bool = False,
        patience: Patience | None = None,
    ) -> None:
        check(_TAKES, using=using, reads_unsealed=reads_unsealed, patience=patience)
        self.using = using
        self.patience = Patience() if patience is None else patience
        self._packer = Packer(seal_key, reads_unsealed=reads_unsealed)

    @property
    def rows(self) -> QuerySet[StoredNotification]:
        """All stored notifications."""
        return StoredNotification.objects.using(self.using)

    def store(self, message: Message) -> None:
        """Store a message. One whose key is there already changes nothing.

        Outside of a transaction it is committed on return.
        """
        packed = self._packer.pack(message)
        try:
            with transaction.atomic(using=self.using):
                self.rows.create(
                    key=message.key,
                    number=message.number,
                    notification_id=message.id,
                    event_type=message.event_type,
                    original_type=message.original_type,
                    create_time=message.create_time,
                    resource_type=message.resource_type,
                    summary=message.summary,
                    headers=packed.headers,
                    body=packed.body,
                    resource=packed.resource,
                    state=State.WAITING.value,
                    received=Now(),
                    due=Now(),
                )
        except IntegrityError:
            if not self.rows.filter(key=message.key).exists():
                raise
        finally:
            self._let_go()

    def message(self, row: StoredNotification) -> Message:
        """The message that is stored in a row.

        Raises:
            DecryptionError: it is sealed with another key, or not sealed though there is one.
            DecodeError: what is stored was changed or damaged.
        """
        packed = Packed(row.headers, bytes(row.body), bytes(row.resource))
        headers, body, resource = self._packer.unpack(row.key, packed)
        return Message(
            key=row.key,
            number=row.number,
            id=row.notification_id,
            event_type=row.event_type,
            original_type=row.original_type,
            create_time=row.create_time,
            resource_type=row.resource_type,
            summary=row.summary,
            headers=headers,
            body=body,
            resource=resource,
        )

    def claim(self) -> Claim | None:
        """Claim the first notification that is due and has no unfinished earlier one of its business number."""
        while True:
            with transaction.atomic(using=self.using):
                row = self._first_due()
                if row is None:
                    return None
                step = next_step(State(row.state), Event.CLAIMED, row.tries, self.patience)
                token = secrets.token_hex(16)
                # Only if it is unchanged: in a database without row locks, others may have read it as well.
                unchanged = self.rows.filter(pk=row.pk, state=row.state, token=row.token, tries=row.tries)
                if step is not None and step.state is State.CLAIMED:
                    changes: dict[str, Any] = {"tries": step.tries, "token": token, "due": _in(LEASE)}
                    if unchanged.update(state=State.CLAIMED.value, **changes):
                        return Claim(row, token, step.tries)
                else:
                    unchanged.update(state=State.DEAD.value, token=None, finished=Now(), error="its worker died")

    def note(self, claim: Claim, event: Event, error: str = "") -> bool:
        """Note how handling went; False if the claim has expired."""
        step = next_step(State.CLAIMED, event, claim.tries, self.patience, random.random())  # noqa: S311 - spreads
        if step is None:
            return False
        held = self.rows.filter(pk=claim.row.pk, token=claim.token, state=State.CLAIMED.value)
        changes: dict[str, Any] = {
            "state": step.state.value,
            "tries": step.tries,
            "token": None,
            "due": _in(step.pause),
            "finished": None if step.state in UNFINISHED else Now(),
            "error": error[:128],
        }
        return bool(held.update(**changes))

    def retry(self, keys: Sequence[str] | None = None) -> int:
        """Have notifications handled again: dead ones, and those that wait for their next try. Returns how many.

        Args:
            keys: of the notifications; None for all dead ones.
        """
        chosen = Q(state=State.DEAD.value)
        if keys is not None:
            chosen = Q(state__in=[State.DEAD.value, State.WAITING.value], key__in=keys)
        changes: dict[str, Any] = {"tries": 0, "due": Now(), "finished": None, "error": ""}
        return self.rows.filter(chosen).update(state=State.WAITING.value, **changes)

    def forget(self, number: str) -> int:
        """Erase the content of the notifications of a business number that are done or dead. Returns how many."""
        return self._erase(Q(number=number))

    def retain(self, seconds: float) -> int:
        """Erase the content of what was done or given up longer ago than this. Returns how many.

        Rows are deleted when the platform no longer repeats them: after 26 hours, those of APIv2 after 60 days, and
        after `seconds` if that is longer.

        Raises:
            ConfigurationError: `seconds` is negative, or no finite number.
        """
        kept, kept_v2 = rows_kept(seconds)
        erased = self._erase(Q(finished__lte=_in(-seconds)))
        is_v2 = Q(key__startswith=V2_KEYS)
        old = (~is_v2 & Q(finished__lte=_in(-kept))) | (is_v2 & Q(finished__lte=_in(-kept_v2)))
        self.rows.filter(old, state=State.FORGOTTEN.value).delete()
        return erased

    def _erase(self, chosen: Q) -> int:
        erased: dict[str, Any] = {"headers": "{}", "body": b"", "resource": b"", "summary": ""}
        finished = self.rows.filter(chosen, state__in=[State.DONE.value, State.DEAD.value])
        return finished.update(state=State.FORGOTTEN.value, **erased)

    def _first_due(self) -> StoredNotification | None:
        # A condition for each state: by `in`, PostgreSQL would read what is handled of the number, too.
        waiting, claimed = (self.rows.filter(number=OuterRef("number"), state=state.value) for state in UNFINISHED)
        in_the_way = (
            waiting.filter(pk__lt=OuterRef("pk")),
            claimed.filter(pk__lt=OuterRef("pk")),
            claimed.filter(pk__gt=OuterRef("pk"), due__gt=Now()),
        )
        is_free = [~Exists(others) for others in in_the_way]
        for state in (State.CLAIMED, State.WAITING):
            due = self.rows.filter(*is_free, state=state.value, due__lte=Now())
            if connections[self.using].features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True)
            row = due.order_by("due", "pk").first()
            if row is not None:
                return row
        return None

    def _let_go(self) -> None:
        """Close a connection that has broken or is too old, as Django does at the end of a request."""
        connection = connections[self.using]
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


_WORKER_TAKES = {
    "inbox": instance(DjangoInbox, "Give DjangoInbox()"),
    "webhook": instance(Webhook, "Give the Webhook that has the handlers"),
    "poll": FINITE_SECONDS,
}


class Worker:
    """Has the notifications of an inbox handled by the handlers of a webhook, one at a time, in this thread.

    A handler that is a plain function takes effect exactly once: it runs in the transaction that notes it. One that is
    a coroutine function runs elsewhere, at least once, while that transaction is open: it can't write to SQLite.

    Args:
        inbox: holds the notifications.
        webhook: has the handlers.
        poll: seconds to wait before looking again, when nothing is due.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(self, inbox: DjangoInbox, webhook: Webhook, *, poll: float = 1.0) -> None:
        check(_WORKER_TAKES, inbox=inbox, webhook=webhook, poll=poll)
        self._inbox = inbox
        self._webhook = webhook
        self._poll = poll
        self._is_stopping = False
        # Not an Event: a signal handler that sets it while this thread begins to wait for it would wait for ever.
        self._wakes: SimpleQueue[None] = SimpleQueue()

    def run(self) -> None:
        """Handle notifications until `stop` is called."""
        failures = 0
        while not self._is_stopping:
            try:
                claim = self._inbox.claim()
                if claim is not None:
                    self.handle(claim)
                failures, pause = 0, self._poll
            except Error as error:
                failures += 1
                pause = _UNTIL_IT_IS_BACK.pause(failures, random.random())  # noqa: S311 - spreads the load
                _log.warning("the inbox can't be read: %s; again in %.1f s", type(error).__name__, pause)
                connections[self._inbox.using].close()
                claim = None
            if claim is None:
                with suppress(Empty):
                    self._wakes.get(timeout=pause)

    def drain(self) -> int:
        """Handle what is due now, and return how many handlings succeeded."""
        handled = 0
        while (claim := self._inbox.claim()) is not None:
            handled += self.handle(claim)
        return handled

    def stop(self) -> None:
        """Have `run` return when the handler that runs now has ended; from a signal handler or any thread."""
        self._is_stopping = True
        self._wakes.put(None)

    def handle(self, claim: Claim) -> bool:
        """Handle a claimed notification. True if the handler succeeded and this was noted."""
        try:
            with whole(self._inbox.using):
                if not self._inbox.note(claim, Event.HANDLED):
                    return False  # the claim has expired
                reply = self._webhook.handle_sync(self._inbox.message(claim.row).notification())
                if not reply.ok:
                    raise _RefusedError(f"replied {reply.status}")
        except (KeyboardInterrupt, GeneratorExit, SystemExit):
            raise  # the program ends, and the claim falls with its lease
        except BaseException as failure:  # noqa: BLE001 - a handler may raise anything, such as gevent.Timeout
            error = str(failure) if isinstance(failure, _RefusedError) else type(failure).__name__
            most = self._inbox.patience.most
            _log.exception("%s %s: try %d of %d failed", claim.row.event_type, claim.row.key, claim.tries, most)
            # Connections to all databases: one that broke in this handler would make the next ones fail.
            close_old_connections()
            self._inbox.note(claim, Event.FAILED, error)
            return False
        return True


class _RefusedError(Exception):
    """A handler replied that it had failed."""


def _in(seconds: float) -> Any:
    """The database's time in so many seconds."""
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds)), output_field=DateTimeField())


__all__ = ["LEASE", "Claim", "DjangoInbox", "Worker"]
