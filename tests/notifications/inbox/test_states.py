"""What becomes of a stored message: every state and every event, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError
from wechatpay_chain.notifications.inbox import Event, Patience, State, Step, next_step
from wechatpay_chain.policies.backoff import Backoff

PATIENCE = Patience(Backoff(5.0, 60.0, 0.5), most=3)
W, C, D, X, F = State.WAITING, State.CLAIMED, State.DONE, State.DEAD, State.FORGOTTEN


@pytest.mark.parametrize(
    ("state", "event", "tries", "step"),
    [
        (W, Event.CLAIMED, 0, Step(C, 1)),
        (C, Event.CLAIMED, 1, Step(C, 2)),
        (C, Event.CLAIMED, 3, Step(X, 3)),
        (W, Event.CLAIMED, 3, Step(X, 3)),
        (C, Event.HANDLED, 2, Step(D, 2)),
        (C, Event.FAILED, 1, Step(W, 1, 5.0)),
        (C, Event.FAILED, 2, Step(W, 2, 10.0)),
        (C, Event.FAILED, 3, Step(X, 3)),
        (C, Event.RELEASED, 1, Step(W, 0)),
        (W, Event.RETRIED, 2, Step(W, 0)),
        (X, Event.RETRIED, 3, Step(W, 0)),
        (D, Event.FORGOTTEN, 1, Step(F, 1)),
        (X, Event.FORGOTTEN, 3, Step(F, 3)),
    ],
)
def test_where_an_event_leads(state: State, event: Event, tries: int, step: Step) -> None:
    """Each event leads to one state, with the tries made and the pause before the next."""
    assert next_step(state, event, tries, PATIENCE) == step


STEPS = {
    W: {Event.CLAIMED, Event.RETRIED},
    C: {Event.CLAIMED, Event.HANDLED, Event.FAILED, Event.RELEASED},
    D: {Event.FORGOTTEN},
    X: {Event.RETRIED, Event.FORGOTTEN},
    F: set(),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_nothing_else_moves_a_message(state: State, event: Event) -> None:
    """What was handled isn't handled again, what is claimed isn't forgotten, and what is forgotten stays so."""
    assert (next_step(state, event, 1, PATIENCE) is not None) == (event in STEPS[state])


@given(st.integers(1, 30), st.floats(0, 1))
def test_a_message_that_always_fails_is_dead_after_so_many_tries(most: int, chance: float) -> None:
    """Whether its handler raises or its worker is killed, it is tried `most` times and no more."""
    patience = Patience(most=most)
    for event in (Event.FAILED, None):
        state, tries, begun = State.WAITING, 0, 0
        while state is not State.DEAD:
            claimed = next_step(state, Event.CLAIMED, tries, patience)
            assert claimed is not None
            step = claimed
            begun += claimed.state is State.CLAIMED
            if event is not None and claimed.state is State.CLAIMED:
                failed = next_step(claimed.state, event, claimed.tries, patience, chance)
                assert failed is not None
                step = failed
            state, tries = step.state, step.tries
        assert begun == most


def test_patience_is_at_least_one_try() -> None:
    """No tries at all is a mistake, and named."""
    with pytest.raises(ConfigurationError, match=r"patience\.most"):
        Patience(most=0)
