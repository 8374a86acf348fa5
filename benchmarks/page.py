"""The emulator's page with 10,000 calls, and their memory. `python -m benchmarks.page` (needs chromium).

First paint and rows are timed from the navigation's start; long tasks are the browser's own count of those above 50 ms,
while the list is scrolled from the newest call to the oldest and calls keep coming. On a busy machine they say how long
the browser waited for a processor: the main thread's own time a step doesn't.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import replace
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.figures import save, table
from tests.emulator.control.browser import CHROMIUM
from wechatpay_chain import SyncWeChatPay
from wechatpay_chain.emulator import Emulator

CALLS = 10_000
ROUNDS = 3
_STEPS = 200
_WATCH = """
window.tasks = [];
new PerformanceObserver((found) => window.tasks.push(...found.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask", buffered: true });
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


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
    page.add_init_script(_WATCH)
    page.goto(f"{base_url}/_emulator/")
    page.wait_for_selector(".row")
    rows = page.evaluate("performance.now()")
    paint = page.evaluate(_PAINT)
    opening = page.evaluate("window.tasks.splice(0)")
    last = emulator.exchanges[-1]
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = busy(session)
    for step in range(1, _STEPS + 1):
        page.evaluate("document.querySelector('.scroller').scrollBy(0, 3200)")
        if step % 10 == 0:
            emulator.record(replace(last, number=last.number + step))
        page.wait_for_timeout(16)
    step = (busy(session) - before) / _STEPS
    seen = page.locator(".row").last.get_attribute("aria-posinset")
    scrolling = page.evaluate("window.tasks")
    page.close()
    return {
        "paint": paint,
        "rows": rows,
        "opening": opening,
        "scrolling": scrolling,
        "step": step,
        "seen": int(seen or 0),
    }


def busy(session: CDPSession) -> float:
    """Milliseconds of processor time that the page's main thread took until now, by a session that measures it."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


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
    found: dict[str, Any] = {
        name: median(visit[name] for visit in visits) for name in ("paint", "rows", "seen", "step")
    }
    for name in ("opening", "scrolling"):
        found[f"{name} tasks"] = sum(len(visit[name]) for visit in visits)
        found[f"{name} longest"] = max((task for visit in visits for task in visit[name]), default=0)
    found["growth"] = growth
    rows = [
        ["first paint, ms", f"{found['paint']:.0f}"],
        ["first rows, ms", f"{found['rows']:.0f}"],
        ["row reached by scrolling", f"{found['seen']:,.0f}"],
        ["main thread's processor time a step of 3,200 px, ms", f"{found['step']:.1f}"],
        [f"tasks above 50 ms while opening, {ROUNDS} visits", str(found["opening tasks"])],
        ["the longest of them, ms", f"{found['opening longest']:.0f}"],
        [f"tasks above 50 ms while scrolling, {ROUNDS} visits", str(found["scrolling tasks"])],
        ["the longest of them, ms", f"{found['scrolling longest']:.0f}"],
        ["MB more after twice as many calls as are kept", f"{found['growth']:.1f}"],
    ]
    print(table(["", f"{CALLS:,} calls"], rows))
    save("page", found)


if __name__ == "__main__":
    main()
