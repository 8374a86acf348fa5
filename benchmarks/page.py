"""The emulator's page with 10,000 calls, and their memory. `python -m benchmarks.page` (needs chromium).

First paint and rows are timed from the navigation's start. Tasks are those of the page's main thread in the browser's
trace, while the page opens, and while the list is scrolled from the newest call to the oldest and calls keep coming.
Each has two durations: on a busy machine the wall's says mostly how long the browser waited for a processor, and the
thread's how long it used one.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from benchmarks.figures import save, table
from tests.emulator.web.browser import CHROMIUM
from wechatpay_chain import SyncWeChatPay
from wechatpay_chain.emulator import Emulator

CALLS = 10_000
ROUNDS = 3
_STEPS = 200
_LONG = 50
_TRACED = ["disabled-by-default-devtools.timeline", "blink.user_timing"]
_MARK = "scrolling begins"
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


class Task(NamedTuple):
    """What the main thread did at once, in milliseconds.

    Attributes:
        wall: from its begin to its end.
        thread: of them, those in which the thread had a processor.
    """

    wall: float
    thread: float


def fill(emulator: Emulator, base_url: str, calls: int) -> None:
    """Make one call, and keep it under as many numbers."""
    with SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        wxpay["v3/security/echo"].post(json={"echo_message": "hello", "encrypted_echo_message": "a secret"})
    first = emulator.exchanges[-1]
    for number in range(first.number + 1, first.number + calls):
        emulator.record(replace(first, number=number))


def visit(browser: Browser, emulator: Emulator, base_url: str) -> dict[str, Any]:
    """Open the list, scroll to its end while calls come, and tell the times in milliseconds."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    browser.start_tracing(page=page, categories=_TRACED)
    page.goto(f"{base_url}/_emulator/")
    page.wait_for_selector(".row")
    rows = page.evaluate("performance.now()")
    paint = page.evaluate(_PAINT)
    # The second in which what isn't needed for the first rows is done, too.
    page.wait_for_timeout(1500)
    last = emulator.exchanges[-1]
    page.evaluate(f"performance.mark('{_MARK}')")
    for step in range(1, _STEPS + 1):
        page.evaluate("document.querySelector('.scroller').scrollBy(0, 3200)")
        if step % 10 == 0:
            emulator.record(replace(last, number=last.number + step))
        page.wait_for_timeout(16)
    seen = page.locator(".row").last.get_attribute("aria-posinset")
    opening, scrolling = tasks(browser.stop_tracing())
    page.close()
    return {"paint": paint, "rows": rows, "opening": opening, "scrolling": scrolling, "seen": int(seen or 0)}


def tasks(trace: bytes) -> tuple[list[Task], list[Task]]:
    """The tasks of the page's main thread, before the mark that scrolling begins and after it."""
    events = json.loads(trace)["traceEvents"]
    mark = next(event for event in events if event["name"] == _MARK)
    before, after = list[Task](), list[Task]()
    for event in events:
        if event["ph"] != "X":  # a task that was under way when the trace began or ended
            continue
        # Other threads and processes, the browser's own pages among them, have tasks of the same name.
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) == (mark["pid"], mark["tid"]):
            (after if event["ts"] > mark["ts"] else before).append(Task(event["dur"] / 1000, event["tdur"] / 1000))
    return before, after


def memory(keep: int) -> float:
    """Megabytes that twice as many calls as are kept take at most, beyond those that were there."""
    emulator = Emulator(keep=keep)
    with emulator.listen() as base_url:
        fill(emulator, base_url, keep)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fill(emulator, base_url, keep)
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Measure, print, keep."""
    if CHROMIUM is None:
        sys.exit("chromium is not installed (Debian: apt-get install chromium)")
    # First: the peak of memory that the list's many calls make would hide it.
    growth = memory(1000)
    emulator = Emulator(keep=CALLS)
    with emulator.listen() as base_url, sync_playwright() as playwright:
        fill(emulator, base_url, CALLS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visits = [visit(browser, emulator, base_url) for _ in range(ROUNDS)]
        browser.close()
    found: dict[str, Any] = {name: median(visit[name] for visit in visits) for name in ("paint", "rows", "seen")}
    for name in ("opening", "scrolling"):
        done: list[Task] = [task for visit in visits for task in visit[name]]
        found[f"{name} tasks, thread"] = sum(task.thread > _LONG for task in done)
        found[f"{name} tasks, wall"] = sum(task.wall > _LONG for task in done)
        found[f"{name} longest, thread"] = max(task.thread for task in done)
        found[f"{name} longest, wall"] = max(task.wall for task in done)
    found["step"] = sum(task.thread for visit in visits for task in visit["scrolling"]) / (ROUNDS * _STEPS)
    found["growth"] = growth
    rows = [
        ["first paint, ms", f"{found['paint']:.0f}"],
        ["first rows, ms", f"{found['rows']:.0f}"],
        ["row reached by scrolling", f"{found['seen']:,.0f}"],
        ["thread time of a step of 3,200 px, ms", f"{found['step']:.1f}"],
    ]
    for name in ("opening", "scrolling"):
        for kind in ("thread", "wall"):
            rows += [
                [f"{name}: tasks above {_LONG} ms by {kind}, {ROUNDS} visits", str(found[f"{name} tasks, {kind}"])],
                [f"{name}: the longest task by {kind}, ms", f"{found[f'{name} longest, {kind}']:.0f}"],
            ]
    rows.append(["MB more after twice as many calls as are kept", f"{growth:.1f}"])
    print(table(["", f"{CALLS:,} calls"], rows))
    save("page", found)


if __name__ == "__main__":
    main()
