"""What a `Batch` does about calls that fail, and about those of unknown outcome."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

from tests.batch.counting_platform import Platform, items, lost, refused, run
from wechatpay_chain import Response, WeChatPayError
from wechatpay_chain.batch import Item


async def test_passing_failures_are_waited_out(tmp_path: Path) -> None:
    """An outage, refusals for the rate and lost answers of a re-entrant call end in an effect."""
    fates: list[WeChatPayError | None] = [lost("not_sent"), refused(429, "RATELIMIT_EXCEEDED"), lost("unknown"), None]
    platform = Platform(lambda number, attempt: fates[attempt - 1])
    progress, _ = await run(platform, tmp_path / "j", items(3))
    assert (progress.done, set(platform.sent.values())) == (3, {4})


async def test_an_outage_longer_than_patience(tmp_path: Path) -> None:
    """What was never sent waits for the next run; what may have arrived and may be repeated does too."""
    down = True

    def fate(number: str, attempt: int) -> WeChatPayError | None:
        return (lost("unknown") if number == "B1" else lost("not_sent")) if down else None

    platform = Platform(fate)
    progress, results = await run(platform, tmp_path / "j", items(2), patience=10)
    assert progress.waiting == 2
    assert {key: result.state for key, result in results.items()} == {"B0": "waiting", "B1": "sent"}
    down = False
    progress, _ = await run(platform, tmp_path / "j")
    assert (progress.done, progress.waiting) == (2, 0)


async def test_patience_without_end(tmp_path: Path) -> None:
    """An infinite patience is one, as every infinite time: an item is tried until the outage is over."""
    platform = Platform(lambda number, attempt: lost("not_sent") if attempt <= 100 else None)
    progress, _ = await run(platform, tmp_path / "j", items(1), patience=inf)
    assert (progress.done, platform.sent["B0"]) == (1, 101)


async def test_an_unknown_outcome_is_not_repeated(tmp_path: Path) -> None:
    """A call that isn't known as re-entrant is left alone; `repeat=True` repeats it, later too; `look_up` finds out."""
    platform = Platform(lambda number, attempt: lost("unknown") if attempt == 1 else None)
    progress, results = await run(platform, tmp_path / "a", items(1, "v3/new/write"))
    assert (progress.unknown, platform.sent["B0"], results["B0"].code) == (1, 1, "ConnectionFailed")
    platform.sent.clear()
    progress, _ = await run(platform, tmp_path / "a")
    assert (progress.unknown, platform.sent["B0"]) == (1, 0)
    progress, _ = await run(platform, tmp_path / "a", repeat=True)
    assert (progress.done, progress.unknown, progress.codes) == (1, 0, {})
    platform.sent.clear()
    progress, _ = await run(platform, tmp_path / "b", items(1, "v3/new/write"), repeat=True)
    assert (progress.done, platform.sent["B0"]) == (1, 2)
    platform.sent.clear()

    async def look_up(item: Item) -> Response[Any] | None:
        return Response(status=200, content=b'"found"') if item.key == "B0" else None

    progress, results = await run(platform, tmp_path / "c", items(2, "v3/new/write"), look_up=look_up)
    assert (progress.done, platform.sent) == (2, {"B0": 1, "B1": 2})
    assert results["B0"].answer == b'"found"'


async def test_a_look_up_that_fails(tmp_path: Path) -> None:
    """It is made again in an outage, by the next run too; refused, it leaves the item unknown. None is sent twice."""
    fates: list[WeChatPayError | None] = [lost("unknown"), lost("not_sent"), *([lost("unknown")] * 9)]

    async def look_up(item: Item) -> Response[Any] | None:
        error = fates.pop(0)
        if error is not None:
            raise error
        return Response(status=200, content=b'"found"')

    platform = Platform(lambda number, attempt: lost("unknown"))
    given = items(1, "v3/new/write")
    progress, results = await run(platform, tmp_path / "a", given, look_up=look_up, patience=60)
    assert (progress.waiting, results["B0"].state) == (1, "sent")
    fates[:] = [lost("unknown"), None]
    progress, _ = await run(platform, tmp_path / "a", look_up=look_up)
    assert (progress.done, platform.sent["B0"]) == (1, 1)
    fates[:] = [refused(403, "NO_AUTH")]
    progress, _ = await run(platform, tmp_path / "b", given, look_up=look_up)
    assert (progress.unknown, platform.sent["B0"]) == (1, 2)


async def test_an_effect_that_never_comes_is_given_up(tmp_path: Path) -> None:
    """A call that is lost each time, and never found, is tried with pauses until patience ends.

    The pauses are a half to the whole of 1, 2, 4, 8, 16 s: chance decides whether five or six tries fit into 20 s.
    """

    async def look_up(item: Item) -> Response[Any] | None:
        return None

    platform = Platform(lambda number, attempt: lost("unknown"))
    progress, results = await run(platform, tmp_path / "j", items(1, "v3/new/write"), look_up=look_up, patience=20)
    assert (progress.waiting, results["B0"].state) == (1, "sent")
    assert platform.sent["B0"] in (5, 6)


async def test_a_refusal_that_leaves_it_open_is_looked_up(tmp_path: Path) -> None:
    """And not sent again: found, it is done; not found, it is refused, and the refusal is kept; else nobody knows."""
    open_refusal = refused(403, "NEVER_HEARD_OF")
    open_refusal.outcome = "unknown"
    slow = [lost("unknown"), lost("unknown")]

    async def look_up(item: Item) -> Response[Any] | None:
        if item.key == "B1" and slow:
            raise slow.pop()
        if item.key == "B2":
            raise refused(403, "NO_AUTH")
        return Response(status=200, content=b'"found"') if item.key == "B0" else None

    platform = Platform(lambda number, attempt: open_refusal)
    _, results = await run(platform, tmp_path / "j", items(3, "v3/new/write"), look_up=look_up)
    assert platform.sent == {"B0": 1, "B1": 1, "B2": 1}
    assert {key: (result.state, result.code) for key, result in results.items()} == {
        "B0": ("done", None),
        "B1": ("refused", "NEVER_HEARD_OF"),
        "B2": ("unknown", "NO_AUTH"),
    }


async def test_a_refund_that_is_limited_is_sent_again(tmp_path: Path) -> None:
    """A 429 leaves it open, and the platform asks for the same refund again. Refused after that, nobody knows."""
    limited = refused(429, "RATELIMIT_EXCEEDED")
    limited.outcome = "unknown"
    platform = Platform(lambda number, attempt: limited if attempt <= 5 else None)
    progress, _ = await run(platform, tmp_path / "a", items(2, "v3/new/write"))
    assert (progress.done, platform.sent) == (2, {"B0": 6, "B1": 6})
    platform = Platform(lambda number, attempt: limited if attempt == 1 else refused(403, "NOT_ENOUGH"))
    progress, results = await run(platform, tmp_path / "b", items(1, "v3/new/write"))
    assert (progress.unknown, results["B0"].code, platform.sent["B0"]) == (1, "NOT_ENOUGH", 2)


async def test_a_look_up_of_a_stranger_is_tried_again(tmp_path: Path) -> None:
    """A look-up that raises something of its own settles nothing: it is asked again."""
    asked = 0

    async def look_up(item: Item) -> Response[Any] | None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise LookupError(item.key)
        return None

    platform = Platform(lambda number, attempt: lost("unknown") if attempt == 1 else None)
    writes = [Item(path="v3/new/write", json={"out_request_no": "P0"})]
    progress, _ = await run(platform, tmp_path / "j", writes, look_up=look_up)
    assert (progress.done, asked, platform.sent["P0"]) == (1, 2, 2)
