"""The cases that `examine` sends to a shop's notify_url, and the verdict on each of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Must = Literal["take", "take one", "refuse", "answer"]
"""What a shop must answer: 2xx; 2xx once, where it may put off the repetitions; anything but 2xx; anything, in time."""

# The status of a shop that is just handling the same notification: it is sent again.
_PUT_OFF = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A notification that is sent to the shop.

    Attributes:
        name: of the case.
        must: what the shop must answer.
        why: what goes wrong in a shop that answers otherwise.
        message: arguments of `trigger`, beside the address.
        stranger: whether it is encrypted for another merchant.
    """

    name: str
    must: Must
    why: str
    message: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stranger: bool = False


CASES: tuple[Case, ...] = (
    Case(name="a payment", must="take", why="it is sent again for a day, and the order stays unpaid"),
    Case(
        name="a payment, twice",
        must="take one",
        why="duplicates are normal: take them, and act once",
        message={"times": 2},
    ),
    Case(
        name="altered on its way",
        must="refuse",
        why="the signature isn't checked: anyone can pay an order",
        message={"flaw": "altered"},
    ),
    Case(
        name="without a signature",
        must="refuse",
        why="the signature isn't demanded: anyone can pay an order",
        message={"flaw": "unsigned"},
    ),
    Case(
        name="a signature probe",
        must="refuse",
        why="WeChat Pay sends wrong signatures on purpose, and may disable an address that takes them",
        message={"flaw": "probe"},
    ),
    Case(
        name="ten minutes old",
        must="refuse",
        why="the timestamp isn't checked: what was recorded can be played again",
        message={"flaw": "stale"},
    ),
    Case(
        name="another merchant's",
        must="refuse",
        why="it doesn't open with this merchant's key",
        stranger=True,
    ),
    Case(
        name="a profit sharing, which has the event type of a payment",
        must="answer",
        why="it is taken for a payment: look at resource.original_type",
        message={"original_type": "profitsharing"},
    ),
    Case(
        name="a kind that the shop may not know",
        must="answer",
        why="an unknown kind breaks it",
        message={"kind": "VIOLATION.PUNISH"},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on a shop's answers to a case.

    Attributes:
        case: what was sent.
        good: whether the answers were right.
        found: the answers.
    """

    case: Case
    good: bool
    found: str


def judge(case: Case, attempts: Sequence[Mapping[str, Any]]) -> Verdict:
    """The verdict on a shop's answers.

    Args:
        case: what was sent.
        attempts: the shop's answer to each attempt.
    """
    good = bool(attempts) and all(_good(case.must, attempt) for attempt in attempts)
    if case.must == "take one":
        good = good and any(_good("take", attempt) for attempt in attempts)
    return Verdict(case=case, good=good, found=", ".join(map(_found, attempts)) or "nothing arrived")


def _good(must: Must, attempt: Mapping[str, Any]) -> bool:
    status = attempt["status"]
    if status is None or attempt["error"]:
        return False
    if must == "answer" or (must == "take one" and status == _PUT_OFF):
        return True
    return (200 <= status < 300) is (must != "refuse")


def _found(attempt: Mapping[str, Any]) -> str:
    what = attempt["error"] or attempt["status"]
    return f"{what} after {attempt.get('seconds', 0) * 1000:.0f} ms"
