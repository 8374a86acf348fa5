"""One timer for the deadlines of many calls."""

import asyncio
import time

import pytest

from wechatpay_chain.transport.deadlines import Deadlines


async def _wait(deadlines: Deadlines, for_seconds: float = 60) -> None:
    with deadlines:
        await asyncio.sleep(for_seconds)


async def test_what_takes_too_long_ends() -> None:
    """The task isn't cancelled for that: it goes on after the TimeoutError."""
    with pytest.raises(TimeoutError):
        await _wait(Deadlines(0.01))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_what_ends_in_time_hears_nothing_more() -> None:
    """A time that would have been over is none for what the task does next, nor for what comes in then."""
    deadlines = Deadlines(0.05)
    await _wait(deadlines, 0)
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await _wait(deadlines)


async def test_each_has_its_own_time() -> None:
    """Those that came first end first, and each after its whole time."""
    deadlines, ended = Deadlines(0.1), list[int]()
    loop = asyncio.get_running_loop()

    async def one(number: int) -> float:
        await asyncio.sleep(number * 0.03)
        started = loop.time()
        with pytest.raises(TimeoutError):
            await _wait(deadlines)
        ended.append(number)
        return loop.time() - started

    took = await asyncio.gather(*(one(number) for number in range(5)))
    assert ended == [0, 1, 2, 3, 4]
    assert min(took) >= 0.099


async def test_an_error_inside_is_handed_on() -> None:
    """What the call raises comes out as it is."""
    with pytest.raises(ValueError, match="its own"), Deadlines(60):
        raise ValueError("its own")


async def test_somebody_elses_cancellation_counts_more() -> None:
    """A task that is cancelled while its time ends is cancelled."""
    deadlines = Deadlines(0.01)

    async def stubborn() -> None:
        with deadlines:
            try:
                await asyncio.sleep(60)
            finally:
                task.cancel()
                await asyncio.sleep(0)

    task = asyncio.create_task(stubborn())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_was_cancelled_before_may_still_call() -> None:
    """A call that is made while a cancelled task cleans up ends with its own TimeoutError."""
    ended: list[BaseException] = []

    async def cleans_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            try:
                await _wait(Deadlines(0.01))
            except TimeoutError as error:
                ended.append(error)

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(ended) == 1


async def test_what_swallows_the_end_is_done() -> None:
    """Where the call has its result all the same, that counts, and the task isn't cancelled later."""
    result = ""
    with Deadlines(0.01):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            result = "all the same"
    await asyncio.sleep(0)
    assert result == "all the same"


def test_another_event_loop() -> None:
    """The timer of a loop that has ended is none for the next."""
    deadlines = Deadlines(0.05)
    asyncio.run(_wait(deadlines, 0))
    with pytest.raises(TimeoutError):
        asyncio.run(_wait(deadlines))


def test_what_an_ended_loop_left_behind() -> None:
    """A call that was under way when its loop was closed takes no time from those of the next loop."""
    deadlines, left = Deadlines(0.05), list[asyncio.Task[None]]()

    async def leave() -> None:
        left.append(asyncio.ensure_future(_wait(deadlines)))
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.close()
    time.sleep(0.06)
    with pytest.raises(TimeoutError):
        asyncio.run(_wait(deadlines))


async def test_what_nobody_waits_for_any_more() -> None:
    """A call that is thrown away, in whatever task that is, takes nobody's time away."""
    deadlines = Deadlines(0.05)
    abandoned = _wait(deadlines)
    task = asyncio.ensure_future(abandoned)
    await asyncio.sleep(0)

    async def throw_away() -> None:
        with deadlines:
            abandoned.close()
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await throw_away()
    await asyncio.gather(task, return_exceptions=True)


async def test_thrown_away_outside_of_all_calls() -> None:
    """Nothing is raised where a call is thrown away by what makes none itself, as the garbage collector does."""
    abandoned = _wait(Deadlines(60))
    task = asyncio.ensure_future(abandoned)
    await asyncio.sleep(0)
    abandoned.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_outside_of_a_task() -> None:
    """Nothing could be cancelled there."""
    loop = asyncio.new_event_loop()
    wrong: list[BaseException] = []

    def enter() -> None:
        try:
            with Deadlines(1):
                pass
        except RuntimeError as error:
            wrong.append(error)
        loop.stop()

    loop.call_soon(enter)
    loop.run_forever()
    loop.close()
    assert "needs a task" in str(wrong[0])
