"""What waits to be sent: in time, each once, and no more at once than there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.emulator.notifications.waiting import MOST, MOST_TO_ONE, Waiting

SILENT, LIVELY = "http://127.0.0.1:1/notify", "http://127.0.0.1:2/notify"


def test_the_last_word_counts() -> None:
    """A notification whose time changes is due at the new time only; one that is dropped never is."""
    waiting = Waiting()
    waiting.add("A", 5.0)
    waiting.add("A", 9.0)
    waiting.add("B", 6.0)
    waiting.drop("B")
    assert (waiting.next_due, waiting.pop(8.0)) == (9.0, None)
    assert [waiting.pop(9.0), waiting.pop(9.0)] == ["A", None]


def test_one_on_its_way_waits_for_nothing() -> None:
    """What is on its way is not handed out a second time until it has landed."""
    waiting = Waiting()
    waiting.send("A", SILENT)
    waiting.add("A", 1.0)
    assert waiting.pop(2.0) is None
    assert waiting.landed("A") == "http://127.0.0.1:1"
    waiting.add("A", 1.0)
    assert waiting.pop(2.0) == "A"


def test_a_silent_host_holds_up_nobody() -> None:
    """So many go to one host at once, the others are parked; another host's go; each parked one comes back."""
    waiting = Waiting()
    sent = [waiting.send(str(number), SILENT) for number in range(MOST_TO_ONE + 2)]
    assert (sent.count(True), sent[-2:]) == (MOST_TO_ONE, [False, False])
    assert waiting.send("other", LIVELY)
    host = waiting.landed("0")
    assert [waiting.unpark(host) for _ in range(3)] == [str(MOST_TO_ONE), str(MOST_TO_ONE + 1), None]


def test_no_room() -> None:
    """Where as many are on their way as there may be, nothing more is due."""
    waiting = Waiting()
    waiting.add("A", 1.0)
    for number in range(MOST):
        waiting.send(str(number), f"http://127.0.0.1:{number}/")
    assert waiting.next_due is None
    waiting.landed("0")
    assert waiting.next_due == 1.0


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 20)), max_size=40))
def test_like_a_plain_table(steps: list[tuple[str, int]]) -> None:
    """Whatever is added and added again, each comes out once, at its last time, the earliest first."""
    waiting, plain = Waiting(), dict[str, float]()
    for number, due in steps:
        waiting.add(number, due)
        plain[number] = due
    out = [popped for _ in range(len(plain) + 1) if (popped := waiting.pop(20.0)) is not None]
    assert sorted(out) == sorted(plain)
    assert [plain[number] for number in out] == sorted(plain.values())
