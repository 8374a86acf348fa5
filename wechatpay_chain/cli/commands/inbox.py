"""`inbox`: lists the notifications in a shop's database, has them handled again, or erases them."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, TrustError
from ...notifications.inbox import UNFINISHED, Record, State, masked
from ..exits import Exit
from ..inputs import seconds_of
from ..output import show_json
from ..terminal import print_table, show_error, tell

if TYPE_CHECKING:
    from ...contrib.sqlalchemy import SqlInbox

_EPILOG = """The database is that of --url or of WECHATPAY_INBOX_URL, where a URL with a password belongs. Texts
that may be about a person are never shown. WECHATPAY_INBOX_SEAL_KEY, 64 hex digits, opens what was sealed.
"""

Work = Callable[["SqlInbox", argparse.Namespace], Awaitable[int]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `inbox`."""
    kinds = parser.add_subparsers(required=True, metavar="WHAT")

    def add(name: str, purpose: str, work: Work) -> argparse.ArgumentParser:
        kind = kinds.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", epilog=_EPILOG)
        kind.add_argument("--url", metavar="URL", help="of the database, as SQLAlchemy has it")
        kind.set_defaults(run=partial(_run, work))
        return kind

    listing = add("list", "messages, the newest first, and how many wait", _list)
    listing.add_argument("--state", choices=[state.value for state in State], help="only these")
    listing.add_argument("--number", metavar="NUMBER", help="only those of this business number")
    listing.add_argument("--limit", type=int, default=50, metavar="COUNT", help="how many at most (50)")
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = add("show", "a message with its resource, masked", _show)
    show.add_argument("key", metavar="KEY", help="as `list` shows it")
    retry = add("retry", "have messages handled anew, dead ones or those that wait for their next try", _retry)
    retry.add_argument("keys", metavar="KEY", nargs="*", help="as `list` shows it")
    retry.add_argument("--dead", action="store_true", help="all dead ones")
    forget = add("forget", "erase what messages hold, once they are handled", _forget)
    forget.add_argument("numbers", metavar="NUMBER", nargs="*", help="business numbers whose messages are erased")
    forget.add_argument("--older-than", metavar="AGE", help="all that were handled longer ago: 30d, 12h")


def _run(work: Work, options: argparse.Namespace) -> int:
    from ..inbox_database import DatabaseFailedError, opened

    async def run() -> int:
        async with opened(options.url) as inbox:
            return await work(inbox, options)

    try:
        return asyncio.run(run())
    except DatabaseFailedError as error:
        show_error(error)
        return Exit.NO_ANSWER


async def _list(inbox: SqlInbox, options: argparse.Namespace) -> int:
    state = State(options.state) if options.state else None
    records = await inbox.records(state=state, number=options.number, most=options.limit)
    counts = await inbox.count()
    if options.json:
        show_json(
            {
                "counts": {str(state): number for state, number in counts.by_state.items()},
                "oldest_seconds": round(counts.oldest, 1),
                "messages": [_members(record) for record in records],
            }
        )
        return Exit.DONE
    rows = [
        (record.key, record.state.value, str(record.tries), _time(record.received), record.number, _told(record))
        for record in records
    ]
    print_table(rows)
    waiting = f"; the oldest has waited {counts.oldest:.0f} s" if counts.oldest else ""
    tell(
        ", ".join(f"{number} {state}" for state, number in counts.by_state.items() if number or state is State.WAITING)
        + waiting
    )
    return Exit.DONE


async def _show(inbox: SqlInbox, options: argparse.Namespace) -> int:
    try:
        found = await inbox.read(options.key)
    except TrustError as error:
        show_error(error)
        return Exit.USAGE
    if found is None:
        show_error(f"there is no message {options.key!r}: `wechatpay-chain inbox list` shows the newest")
        return Exit.REFUSED
    record, message = found
    content = None if message is None else {"headers": sorted(message.headers), "resource": masked(message.resource)}
    show_json({**_members(record), "content": content})
    return Exit.DONE


async def _retry(inbox: SqlInbox, options: argparse.Namespace) -> int:
    if bool(options.keys) == options.dead:
        raise ConfigurationError("KEY", "both or neither of keys and --dead were given", "Give keys, or --dead")
    number = await inbox.retry(None if options.dead else options.keys)
    tell(f"{number} will be handled anew")
    if options.keys and number < len(set(options.keys)):
        show_error("the others are handled, being handled, erased, or not there: nothing takes effect twice")
        return Exit.REFUSED
    return Exit.DONE


async def _forget(inbox: SqlInbox, options: argparse.Namespace) -> int:
    if not options.numbers and not options.older_than:
        raise ConfigurationError("NUMBER", "nothing was named", "Give business numbers, or --older-than 30d")
    erased = left = 0
    for number in options.numbers:
        erased += await inbox.forget(number)
        left += sum(record.state in UNFINISHED for record in await inbox.records(number=number))
    if options.older_than:
        erased += await inbox.retain(seconds_of(options.older_than, "--older-than"))
    tell(f"{erased} erased")
    if left:
        show_error(f"{left} aren't handled yet and stay as they are: erase them later")
        return Exit.REFUSED
    return Exit.DONE


def _members(record: Record) -> dict[str, Any]:
    return {
        "key": record.key,
        "number": record.number,
        "event_type": record.event_type,
        "original_type": record.original_type,
        "summary": record.summary,
        "state": record.state.value,
        "tries": record.tries,
        "received": _time(record.received),
        "due": _time(record.due) if record.state in UNFINISHED else None,
        "finished": None if record.finished is None else _time(record.finished),
        "error": record.error,
    }


def _told(record: Record) -> str:
    """The event type of a notification, and why its last try failed."""
    return f"{record.event_type}  {record.error}".rstrip()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(timespec="seconds")
