"""The rules of faults, without anything that they strike."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain.emulator.faults import (
    EFFECTS,
    CutBody,
    Delay,
    Effect,
    Faults,
    Forge,
    LoseAnswer,
    OtherKey,
    Page,
    Refuse,
    SkewClock,
    from_dict,
)

NATIVE = "POST /v3/pay/transactions/native"
REFUNDS = "POST /v3/refund/domestic/refunds"


@pytest.mark.parametrize(
    ("pattern", "strikes"),
    [
        ("*", [NATIVE, REFUNDS]),
        (NATIVE, [NATIVE]),
        ("POST /v3/pay/*", [NATIVE]),
        ("* /v3/*", [NATIVE, REFUNDS]),
        ("/v3/refund/*", [REFUNDS]),
        ("GET *", []),
        ("NOTIFY *", ["NOTIFY REFUND.SUCCESS"]),
        ("NOTIFY TRANSACTION.*", []),
    ],
)
def test_operations(pattern: str, strikes: list[str]) -> None:
    """A rule strikes the operations of its pattern, and notifications only where it names them."""
    faults = Faults()
    faults.add(LoseAnswer(), operation=pattern)
    struck = [name for name in (NATIVE, REFUNDS, "NOTIFY REFUND.SUCCESS") if faults.strike(name, "1")]
    assert struck == strikes


def test_merchant() -> None:
    """A rule of one merchant leaves the others alone, and a caller whom nobody knows."""
    faults = Faults()
    faults.add(Delay(1), merchant="1")
    assert [bool(faults.strike(NATIVE, mchid)) for mchid in ("1", "2", "")] == [True, False, False]


def test_count_and_pass() -> None:
    """A rule lets the first calls pass, strikes so many times, and is over."""
    faults = Faults()
    faults.add(Page(), after=1, times=2)
    assert [bool(faults.strike(NATIVE, "1")) for _ in range(5)] == [False, True, True, False, False]
    assert next(iter(faults)).struck == 2


def test_share_is_repeatable() -> None:
    """A share strikes about as many, and with the same seed the same ones."""

    def run() -> list[bool]:
        faults = Faults(seed=7)
        faults.add(LoseAnswer(), share=0.25)
        return [bool(faults.strike(NATIVE, "1")) for _ in range(400)]

    assert run() == run()
    assert 60 < sum(run()) < 140


def test_effects_add_up() -> None:
    """A call meets an effect of each kind, by the oldest rule of that kind."""
    faults = Faults()
    faults.add(Delay(1))
    faults.add(Delay(2))
    faults.add(CutBody())
    assert faults.strike(NATIVE, "1") == (Delay(1), CutBody())


def test_removal() -> None:
    """A rule can be taken away once, and all of them at once."""
    faults = Faults()
    fault = faults.add(Delay(1))
    faults.add(Delay(2))
    assert faults.remove(fault.number)
    assert not faults.remove(fault.number)
    faults.clear()
    assert (len(faults), faults.strike(NATIVE, "1")) == (0, ())


@pytest.mark.parametrize(
    "effect",
    [
        Refuse(429, "RATELIMIT_EXCEEDED", "慢点"),
        Delay(0.5),
        LoseAnswer(),
        CutBody(3),
        Forge("probe"),
        Page(503),
        OtherKey("PUB_KEY_ID_1"),
        SkewClock(-400),
    ],
)
def test_as_json_and_back(effect: Effect) -> None:
    """A rule says the same as JSON values."""
    faults = Faults()
    told = faults.add(effect, operation=NATIVE, merchant="1", share=0.5, times=3, after=1).to_dict()
    assert told.pop("number") == 1
    assert told.pop("struck") == 0
    assert from_dict(told) == (
        effect,
        {"operation": NATIVE, "merchant": "1", "share": 0.5, "times": 3, "after": 1},
    )


def test_every_effect_has_a_name() -> None:
    """Each effect can be named on the command line and in JSON."""
    assert set(EFFECTS.values()) == set(Effect.__args__)


@pytest.mark.parametrize(
    ("members", "argument"),
    [
        ({}, "effect"),
        ({"effect": "explode"}, "effect"),
        ({"effect": ["delay"]}, "effect"),
        ({"effect": "delay"}, "seconds"),
        ({"effect": "delay", "seconds": "soon"}, "seconds"),
        ({"effect": "delay", "seconds": -1}, "seconds"),
        ({"effect": "delay", "seconds": float("nan")}, "seconds"),
        ({"effect": "delay", "seconds": True}, "seconds"),
        ({"effect": "refuse", "status": 42}, "status"),
        ({"effect": "refuse", "status": 200.5}, "status"),
        ({"effect": "refuse", "flaw": "probe"}, "flaw"),
        ({"effect": "forge", "flaw": "nice"}, "flaw"),
        ({"effect": "cut-body", "kept": -1}, "kept"),
        ({"effect": "page", "share": 2}, "share"),
        ({"effect": "page", "share": "half"}, "share"),
        ({"effect": "page", "times": 0}, "times"),
        ({"effect": "page", "after": -1}, "after"),
        ({"effect": "page", "operation": ""}, "operation"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], argument: str) -> None:
    """A rule that makes no sense is refused, with the name of what is wrong with it."""

    def add() -> None:
        effect, where = from_dict(members)
        Faults().add(effect, **where)

    with pytest.raises(ConfigurationError) as caught:
        add()
    assert caught.value.argument == argument


@pytest.mark.parametrize("status", [199, 600, 500.5, 500.0, True, "500"])
def test_a_status_is_a_whole_number(status: Any) -> None:
    """As HTTP has it; the answer could be made of no other."""
    for effect in (Refuse(status), Page(status)):
        with pytest.raises(ConfigurationError, match="Give an HTTP status"):
            Faults().add(effect)
