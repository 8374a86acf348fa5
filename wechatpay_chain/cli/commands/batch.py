"""`batch`: makes many calls from a file, and survives interruptions; shows progress and results."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ...batch import Batch, JournalInUseError, Progress
from ...batch.journaled_calls import JournaledCalls
from ...errors import ConfigurationError
from ...http.path import literal_path
from ...http.request import METHODS
from ...http.timeout import Timeout
from ...policies.ratelimit import RateLimits
from ..batch_input import checked_items, items_of, limit_of
from ..batch_progress import read_progress, telling
from ..batch_rehearsal import rehearse
from ..batch_report import Report, read_report, show_report, show_running
from ..batch_results import write_rows
from ..exits import Exit
from ..progress import counting
from ..settings import Settings, add_settings
from ..terminal import tell

# How many calls are made at once, and how many are handed out to workers at once.
_CONCURRENCY = 32
_HANDED_OUT = 256
# Seconds that one try of a call may take.
_ATTEMPT = 20.0
_JOURNAL = "of the batch: FILE.journal, unless `--journal` named another"
_EPILOG = """A batch is its journal: started again with the same input it goes on where it was, after Ctrl-C, a crash or
a power cut. The journal holds payloads in plain until they are answered: keep it where the input is kept.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `batch`."""
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    _configure_run(
        kinds.add_parser(
            "run", help="make the calls, or go on", description="Make the calls, or go on.", epilog=_EPILOG
        )
    )
    status = kinds.add_parser("status", help="where a batch is", description="Where a batch is, to be handed on.")
    status.add_argument("journal", type=Path, metavar="JOURNAL", help=_JOURNAL)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)
    results = kinds.add_parser("results", help="what came of each call", description="What came of each call.")
    results.add_argument("journal", type=Path, metavar="JOURNAL", help=_JOURNAL)
    results.add_argument(
        "--to", type=Path, metavar="FILE", help="a table (.csv) or lines of JSON (.jsonl); else stdout"
    )
    results.set_defaults(run=_results)
    work = kinds.add_parser(
        "work", help="work for `batch run --workers`", description="Work for `batch run --workers`."
    )
    work.add_argument("--workers", required=True, metavar="REDIS_URL", help="where the calls are handed out")
    work.add_argument("--among", type=int, default=1, metavar="COUNT", help="how many workers there are (1)")
    work.add_argument(
        "--concurrency", type=int, default=_CONCURRENCY, metavar="COUNT", help=f"calls at once ({_CONCURRENCY})"
    )
    work.set_defaults(run=_work)
    add_settings(work)


def _configure_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("input", type=Path, metavar="FILE", help="a table (.csv) or lines of JSON (.jsonl), a call each")
    run.add_argument("--path", required=True, metavar="PATH", help="of all calls: v3/...")
    run.add_argument("--method", type=str.upper, choices=METHODS, default="POST", help="of all calls (POST)")
    run.add_argument("--journal", type=Path, metavar="FILE", help="remembers what was done (FILE.journal)")
    run.add_argument(
        "--concurrency",
        type=int,
        metavar="COUNT",
        help=f"calls at once ({_CONCURRENCY}); of --workers how many are handed out at once ({_HANDED_OUT})",
    )
    run.add_argument("--rate", metavar="N/UNIT", help="in place of the documented limit: 100/min, 5/s")
    run.add_argument(
        "--repeat", action="store_true", help="calls may be repeated: each has a number of its own (known for many)"
    )
    run.add_argument("--patience", type=float, default=3600, metavar="SECONDS", help="to wait in an outage (3600)")
    run.add_argument("--dry-run", action="store_true", help="check every row; call nothing")
    run.add_argument("--workers", metavar="REDIS_URL", help="hand the calls to the workers of `batch work`")
    run.add_argument("--results", type=Path, metavar="FILE", help="write the results there in the end (.csv or .jsonl)")
    run.add_argument("--json", action="store_true", help="print the summary as JSON")
    run.set_defaults(run=_run)
    add_settings(run)


def _run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return rehearse(options)
    settings = Settings.read(options)
    began = datetime.now().astimezone()
    journal = options.journal or options.input.with_name(f"{options.input.name}.journal")
    asyncio.run(_work_off(settings, journal, options))
    report = asyncio.run(read_report(journal))
    if options.results is not None:
        asyncio.run(write_rows(journal, options.results))
    ended = datetime.now().astimezone()
    facts = [
        ("began", began.isoformat(" ", "seconds")),
        ("ended", ended.isoformat(" ", "seconds")),
        ("table", str(options.input)),
        ("call", f"{options.method} {literal_path(options.path)}"),
        ("merchant", settings.get("mchid") or ""),
    ]
    facts += [("profile", options.profile)] if options.profile else []
    show_report(report, json=options.json, facts=facts)
    return _exit(report)


def _status(options: argparse.Namespace) -> int:
    try:
        report = asyncio.run(read_report(_existing(options.journal)))
    except JournalInUseError:
        progress = read_progress(options.journal)
        if progress is None:
            raise
        show_running(options.journal.name, progress, json=options.json)
        return Exit.REFUSED
    show_report(report, json=options.json)
    return _exit(report)


def _results(options: argparse.Namespace) -> int:
    asyncio.run(write_rows(_existing(options.journal), options.to))
    if options.to is not None:
        tell(f"the results are in {options.to}")
    return Exit.DONE


def _work(options: argparse.Namespace) -> int:
    from ..fleet.worker import work

    settings = Settings.read(options)
    with suppress(KeyboardInterrupt):
        asyncio.run(work(options.workers, settings, among=options.among, concurrency=options.concurrency))
    return Exit.DONE


async def _work_off(settings: Settings, journal: Path, options: argparse.Namespace) -> None:
    limit = f"{limit_of(options)} shared by the workers".lstrip() if options.workers else limit_of(options)
    with counting(limit) as show, telling(journal, show) as tell_all:
        async with _batch(settings, journal, options, tell_all) as batch:
            await batch.check(checked_items(options))
            with _interruptible(batch):
                await batch.run(items_of(options))


@asynccontextmanager
async def _batch(
    settings: Settings, journal: Path, options: argparse.Namespace, on_progress: Callable[[Progress], None]
) -> AsyncGenerator[JournaledCalls]:
    """The batch, which makes its calls itself, or has workers make them."""
    name = f"{options.method} {literal_path(options.path)}"
    limits = RateLimits(overrides={name: options.rate} if options.rate else {})
    if options.workers:
        from ..fleet.batch import FleetBatch
        from ..fleet.queue import Terms

        async with FleetBatch(
            options.workers,
            options.input.name,
            journal,
            terms=Terms(name, options.rate or "", options.repeat, options.patience),
            concurrency=_HANDED_OUT if options.concurrency is None else options.concurrency,
            on_progress=on_progress,
        ) as batch:
            yield batch
        return
    async with (
        settings.client(rate_limits=limits) as wxpay,
        Batch(
            wxpay,
            journal,
            concurrency=_CONCURRENCY if options.concurrency is None else options.concurrency,
            repeat=options.repeat,
            patience=options.patience,
            timeout=Timeout(total=600, attempt=_ATTEMPT),
            on_progress=on_progress,
        ) as batch,
    ):
        yield batch


@contextmanager
def _interruptible(batch: JournaledCalls) -> Generator[None]:
    """On Ctrl-C, finish the calls that were sent and give the others back; on a second one, end the program."""
    before = signal.getsignal(signal.SIGINT)

    def stop(_signal: int, _frame: object) -> None:
        tell(
            f"stopping: {batch.on_the_wire} calls on the wire come to their end, each try within {_ATTEMPT:.0f} s; "
            "all others wait for the next run. Ctrl-C again ends the program at once"
        )
        batch.stop()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _existing(journal: Path) -> Path:
    if not journal.is_file():
        raise ConfigurationError("JOURNAL", f"there is no {journal}", "Give the journal of a batch: FILE.journal")
    beside = journal.with_name(f"{journal.name}.journal")
    if beside.is_file():
        raise ConfigurationError("JOURNAL", f"{journal} is the table", f"Give its journal: {beside}")
    return journal


def _exit(report: Report) -> Exit:
    if report.unknown:
        return Exit.UNKNOWN
    return Exit.REFUSED if report.refused or report.waiting or report.sent else Exit.DONE
