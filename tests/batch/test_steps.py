"""What a batch does next with an item, as a table."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.known import operation_of
from wechatpay_chain import (
    ConfigurationError,
    ConnectionFailed,
    RateLimited,
    Response,
    SignatureError,
    TimedOut,
    WeChatPayError,
)
from wechatpay_chain.batch.steps import Act, Event, Known, Resolution, Step, event_of, next_step
from wechatpay_chain.errors import Outcome
from wechatpay_chain.wire.refusal import api_error

FREE, DOUBT, DISPUTE = Known
# Only a doubt is looked up, and only what certainly had no effect is sent by a batch that looks up.
IMPOSSIBLE = {
    (FREE, Event.NOT_FOUND),
    (DOUBT, Event.DISPUTED),
    (DISPUTE, Event.TAKEN_UP),
    (DISPUTE, Event.LOST),
    (DISPUTE, Event.LIMITED),
    (DISPUTE, Event.DISPUTED),
}
REPEAT, LOOK_UP, NONE = Resolution
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
REFUNDS = "/v3/refund/domestic/refunds"


@pytest.mark.parametrize(
    ("known", "event", "resolution", "then", "step"),
    [
        (FREE, Event.TAKEN_UP, NONE, FREE, Act.SEND),
        (FREE, Event.ANSWERED, NONE, FREE, "done"),
        (FREE, Event.FAILED, NONE, FREE, Act.SEND),
        (FREE, Event.REFUSED, REPEAT, FREE, "refused"),
        (FREE, Event.BLOCKED, REPEAT, FREE, "waiting"),
        (FREE, Event.OUT_OF_PATIENCE, REPEAT, FREE, "waiting"),
        (FREE, Event.LOST, REPEAT, DOUBT, Act.SEND),
        (FREE, Event.LOST, LOOK_UP, DOUBT, Act.LOOK_UP),
        (FREE, Event.LOST, NONE, DOUBT, "unknown"),
        (FREE, Event.UNCLEAR, REPEAT, DOUBT, "unknown"),
        (FREE, Event.LIMITED, NONE, DOUBT, Act.SEND),
        (FREE, Event.DISPUTED, LOOK_UP, DISPUTE, Act.LOOK_UP),
        (DOUBT, Event.TAKEN_UP, REPEAT, DOUBT, Act.SEND),
        (DOUBT, Event.TAKEN_UP, LOOK_UP, DOUBT, Act.LOOK_UP),
        (DOUBT, Event.TAKEN_UP, NONE, DOUBT, "unknown"),
        (DOUBT, Event.ANSWERED, LOOK_UP, DOUBT, "done"),
        (DOUBT, Event.NOT_FOUND, LOOK_UP, FREE, Act.SEND),
        (DOUBT, Event.FAILED, LOOK_UP, DOUBT, Act.LOOK_UP),
        (DOUBT, Event.FAILED, REPEAT, DOUBT, Act.SEND),
        (DOUBT, Event.LOST, REPEAT, DOUBT, Act.SEND),
        (DOUBT, Event.LIMITED, NONE, DOUBT, Act.SEND),
        (DOUBT, Event.UNCLEAR, REPEAT, DOUBT, "unknown"),
        (DOUBT, Event.REFUSED, REPEAT, DOUBT, "unknown"),
        (DOUBT, Event.BLOCKED, REPEAT, DOUBT, "sent"),
        (DOUBT, Event.OUT_OF_PATIENCE, LOOK_UP, DOUBT, "sent"),
        (DISPUTE, Event.ANSWERED, LOOK_UP, DISPUTE, "done"),
        (DISPUTE, Event.NOT_FOUND, LOOK_UP, FREE, "refused"),
        (DISPUTE, Event.FAILED, LOOK_UP, DISPUTE, Act.LOOK_UP),
        (DISPUTE, Event.UNCLEAR, LOOK_UP, DISPUTE, "unknown"),
        (DISPUTE, Event.REFUSED, LOOK_UP, DISPUTE, "unknown"),
        (DISPUTE, Event.BLOCKED, LOOK_UP, DISPUTE, "sent"),
        (DISPUTE, Event.OUT_OF_PATIENCE, LOOK_UP, DISPUTE, "sent"),
    ],
)
def test_the_table(known: Known, event: Event, resolution: Resolution, then: Known, step: Step) -> None:
    """Each state and event leads to one next step."""
    assert next_step(known, event, resolution) == (then, step)


@pytest.mark.parametrize(("known", "event", "resolution"), list(product(Known, Event, Resolution)))
def test_an_item_in_doubt_is_sent_again_only_where_that_is_safe(
    known: Known, event: Event, resolution: Resolution
) -> None:
    """What may have taken effect is sent only if it is idempotent, was limited, or was found to have had no effect."""
    if (known, event) in IMPOSSIBLE:
        return
    then, step = next_step(known, event, resolution)
    if then is not FREE and step is Act.SEND:
        assert then is DOUBT
        assert resolution is REPEAT or event is Event.LIMITED
    if step in {"refused", "waiting"}:
        assert then is FREE


def failed(kind: type[WeChatPayError], outcome: Outcome | None, *, attempts: int = 1) -> WeChatPayError:
    """An error as a client raises it."""
    error = kind("it failed")
    error.outcome, error.attempts = outcome, attempts
    return error


def refused(status: int, code: str, path: str = "/v3/new/write", reason: str = "m") -> WeChatPayError:
    """A refusal as a client raises it."""
    response: Response[Any] = Response(status=status, content=f'{{"code":"{code}","message":"{reason}"}}'.encode())
    error = api_error(response, operation_of("POST", path))
    error.attempts = 1
    return error


@pytest.mark.parametrize(
    ("error", "resolution", "looked_up", "event"),
    [
        (ConfigurationError("certs", "none", "Give them"), REPEAT, False, Event.BLOCKED),
        (failed(ConnectionFailed, "not_sent"), NONE, False, Event.FAILED),
        (failed(ConnectionFailed, "unknown"), NONE, False, Event.LOST),
        (failed(ConnectionFailed, "unknown"), LOOK_UP, False, Event.LOST),
        (failed(ConnectionFailed, "unknown"), REPEAT, False, Event.LOST),
        (failed(ConnectionFailed, "unknown"), LOOK_UP, True, Event.FAILED),
        (failed(SignatureError, "unknown"), REPEAT, False, Event.UNCLEAR),
        (failed(SignatureError, "unknown"), NONE, False, Event.LOST),
        (failed(TimedOut, "not_sent", attempts=0), NONE, False, Event.FAILED),
        (failed(ConnectionFailed, "not_sent", attempts=0), NONE, False, Event.FAILED),
        (failed(RateLimited, "not_sent", attempts=0), NONE, False, Event.FAILED),
        (refused(400, "PARAM_ERROR"), REPEAT, False, Event.REFUSED),
        (refused(403, "NO_AUTH"), LOOK_UP, True, Event.REFUSED),
        (refused(429, "FREQUENCY_LIMITED"), NONE, False, Event.FAILED),
        (refused(500, "SYSTEM_ERROR"), NONE, False, Event.LOST),
        (refused(500, "SYSTEM_ERROR"), REPEAT, False, Event.LOST),
        (refused(500, "SYSTEM_ERROR"), LOOK_UP, False, Event.LOST),
        (refused(500, "OPENID_MISMATCH"), LOOK_UP, False, Event.DISPUTED),
        (refused(403, "NEVER_HEARD_OF"), LOOK_UP, False, Event.REFUSED),
        (refused(403, "NEVER_HEARD_OF", TRANSFERS), NONE, False, Event.LOST),
        (refused(403, "NEVER_HEARD_OF", TRANSFERS), LOOK_UP, False, Event.DISPUTED),
        (refused(403, "NEVER_HEARD_OF", TRANSFERS), REPEAT, False, Event.UNCLEAR),
        (refused(400, "ALREADY_EXISTS", TRANSFERS), LOOK_UP, False, Event.UNCLEAR),
        (refused(400, "INVALID_REQUEST", TRANSFERS, "单号已存在但信息不一致"), LOOK_UP, False, Event.UNCLEAR),
        (refused(400, "INVALID_REQUEST", TRANSFERS, "对应单号已超出重试期"), LOOK_UP, False, Event.DISPUTED),
        (refused(400, "ALREADY_EXISTS", TRANSFERS), NONE, False, Event.LOST),
        (refused(403, "NOT_ENOUGH", TRANSFERS), LOOK_UP, False, Event.REFUSED),
        (refused(429, "FREQUENCY_LIMITED", TRANSFERS), LOOK_UP, False, Event.FAILED),
        (refused(429, "FREQUENCY_LIMITED", REFUNDS), LOOK_UP, False, Event.LOST),
        (refused(429, "FREQUENCY_LIMITED", REFUNDS), REPEAT, False, Event.LOST),
        (refused(429, "FREQUENCY_LIMITED", REFUNDS), NONE, False, Event.LIMITED),
    ],
    ids=lambda value: getattr(value, "name", None) or type(value).__name__,
)
def test_what_an_error_means(error: WeChatPayError, resolution: Resolution, looked_up: bool, event: Event) -> None:
    """An error is told by its outcome first, then by whether it passes."""
    assert event_of(error, resolution, looked_up=looked_up) is event
