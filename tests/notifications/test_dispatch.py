"""`Webhook.dispatch`: the right handler, once, in time, and a reply whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
import json
import logging
import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.notifications.sender import PAYMENT, merchant, notify, refund, sign, stranger, webhook, xml
from wechatpay_chain import ConfigurationError, Notification, Reply
from wechatpay_chain.credentials.signer import KeySigner, signer_of
from wechatpay_chain.crypto import asymmetric, rsa
from wechatpay_chain.emulator import KeyPair
from wechatpay_chain.notifications import AuthorizationSigner, Kind, MemorySeen, router
from wechatpay_chain.wire import signature_types, v2, v3
from wechatpay_chain.wire.authorization import Authorization


async def test_success() -> None:
    """A handled notification is answered with 200 and `SUCCESS`."""
    hook = webhook()
    handled: list[Notification[Any]] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        handled.append(notification)

    reply = await hook.dispatch(*notify())
    assert (reply.status, json.loads(reply.body), reply.ok) == (200, {"code": "SUCCESS", "message": "OK"}, True)
    assert reply.headers["Content-Type"].startswith("application/json")
    assert [notification.resource for notification in handled] == [PAYMENT]


async def test_a_function_runs_in_a_thread() -> None:
    """A plain function may block; it sees the caller's context variables."""
    hook = webhook()
    seen: list[Any] = []
    variable = contextvars.ContextVar("variable", default="")

    @hook.on("TRANSACTION.SUCCESS")
    def paid(notification: Notification[Any]) -> None:
        seen.extend((threading.current_thread() is threading.main_thread(), variable.get()))

    variable.set("caller's")
    assert (await hook.dispatch(*notify())).ok
    assert seen == [False, "caller's"]


async def test_most_exact_handler_wins() -> None:
    """Event type with original type, then event type, then the one for everything."""
    hook = webhook()
    called: list[str] = []

    def handler(name: str) -> Any:
        async def handle(notification: Notification[Any]) -> None:
            called.append(name)

        return handle

    hook.on()(handler("all"))
    hook.on("TRANSACTION.SUCCESS")(handler("type"))
    hook.on("TRANSACTION.SUCCESS", "profitsharing")(handler("both"))
    await hook.dispatch(*notify(id="1", original_type="profitsharing"))
    await hook.dispatch(*notify(id="2"))
    await hook.dispatch(*notify(id="3", original_type=None))
    await hook.dispatch(*notify(id="4", event_type="REFUND.SUCCESS"))
    assert called == ["both", "type", "type", "all"]


async def test_by_kind() -> None:
    """A kind stands for the event types and original types that it comes under."""
    hook = webhook()
    kind: Kind[dict[str, Any]] = Kind((("PROFITSHARING.SUCCESS", None), ("TRANSACTION.SUCCESS", "profitsharing")))
    called: list[str] = []

    @hook.on(kind)
    async def shared(notification: Notification[dict[str, Any]]) -> None:
        called.append(notification.event_type)

    assert (await hook.dispatch(*notify(id="1", original_type="profitsharing"))).ok
    assert (await hook.dispatch(*notify(id="2", event_type="PROFITSHARING.SUCCESS"))).ok
    assert (await hook.dispatch(*notify(id="3"))).status == 501
    assert called == ["TRANSACTION.SUCCESS", "PROFITSHARING.SUCCESS"]


def test_two_handlers_for_one_kind() -> None:
    """Two handlers for the same would hide one another."""
    hook = webhook()
    hook.on("A")(lambda notification: None)
    with pytest.raises(ConfigurationError, match="a handler for A already"):
        hook.on("A")(lambda notification: None)


async def test_no_handler(caplog: pytest.LogCaptureFixture) -> None:
    """A notification that nobody handles is not taken: the platform goes on sending it, and the log says so."""
    assert (await webhook().dispatch(*notify())).status == 501
    assert "no handler for TRANSACTION.SUCCESS (transaction)" in caplog.text
    assert "@webhook.on('TRANSACTION.SUCCESS')" in caplog.text


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: ({}, b"{}"), 401),
        (lambda: notify(pair=stranger()), 401),
        (lambda: notify(apiv3_key="x" * 32), 500),
        (lambda: (sign(b"[]"), b"[]"), 400),
        (lambda: (None, b"{}"), 500),
        (lambda: ({}, None), 500),
        (lambda: ({}, b"<xml><!DOCTYPE a></xml>"), 400),
        (lambda: ({}, xml({"transaction_id": "1"}, None)), 401),
    ],
)
async def test_refusals(make: Callable[[], Any], status: int, caplog: pytest.LogCaptureFixture) -> None:
    """What must not be believed is refused, the cause logged and not told to the stranger."""
    caplog.set_level(logging.WARNING)
    reply = await webhook().dispatch(*make())
    assert reply.status == status
    assert b"FAIL" in reply.body
    assert len(reply.body) < 120
    assert "was refused: " in caplog.text


async def test_crash_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """A handler's exception becomes a 500 without traceback, is logged with it, and the next attempt is handled."""
    hook = webhook()
    attempts: list[int] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ZeroDivisionError("secret detail")

    first = await hook.dispatch(*notify())
    assert first.status == 500
    assert b"detail" not in first.body
    assert "ZeroDivisionError" in caplog.text
    assert (await hook.dispatch(*notify())).ok
    assert len(attempts) == 2


async def test_demand_23_repetitions_are_not_handled() -> None:
    """A notification that was handled is answered with success and not handled again."""
    hook = webhook()
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    replies = [await hook.dispatch(*notify()) for _ in range(3)]
    assert [reply.ok for reply in replies] == [True, True, True]
    assert calls == ["EV-1"]


async def test_demand_23_two_workers_at_once() -> None:
    """Of two workers with one store, one handles; the other is told to come back, not that all is well."""
    seen, started, finish = MemorySeen(), asyncio.Event(), asyncio.Event()
    hooks = webhook(seen=seen), webhook(seen=seen)
    calls: list[str] = []

    async def paid(notification: Notification[Any]) -> None:
        calls.append(notification.id)
        started.set()
        await finish.wait()

    for hook in hooks:
        hook.on("TRANSACTION.SUCCESS")(paid)
    first = asyncio.create_task(hooks[0].dispatch(*notify()))
    await started.wait()
    assert (await hooks[1].dispatch(*notify())).status == 503
    finish.set()
    assert (await first).ok
    assert (await hooks[1].dispatch(*notify())).ok
    assert calls == ["EV-1"]


async def test_seen_key() -> None:
    """What counts as a repetition is the user's choice, such as the business number."""
    hook = webhook(seen_key=lambda notification: str(notification.resource["out_trade_no"]))
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    await hook.dispatch(*notify(id="1"))
    await hook.dispatch(*notify(id="2"))
    assert calls == ["1"]


async def test_one_task() -> None:
    """A handler takes one task, in which it may outlast the reply; its claim takes none before a renewal is due."""
    hook = webhook()
    loop, made = asyncio.get_running_loop(), list[str]()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **options)

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        await asyncio.sleep(0.01)

    loop.set_task_factory(factory)
    try:
        assert (await hook.dispatch(*notify())).ok
    finally:
        loop.set_task_factory(None)
    assert made == ["Delivery._guarded"]


async def test_a_handlers_own_task() -> None:
    """A handler's timeouts are its own, whether its task starts at once or in the loop's next turn."""
    hook = webhook()
    tasks: list[asyncio.Task[Any] | None] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        tasks.append(asyncio.current_task())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(60)
        tasks.append(asyncio.current_task())

    assert (await hook.dispatch(*notify())).ok
    mine = asyncio.current_task()
    assert tasks[0] is tasks[1] is not mine
    assert mine is not None
    assert not mine.cancelling()


async def test_a_handler_sees_variables_of_its_own() -> None:
    """A handler sees the caller's context variables, and what it sets stays with it."""
    hook = webhook()
    variable = contextvars.ContextVar("variable", default="")
    seen: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        seen.append(variable.get())
        variable.set("handler's")

    variable.set("caller's")
    assert (await hook.dispatch(*notify())).ok
    assert [*seen, variable.get()] == ["caller's", "caller's"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks start at once from Python 3.12 on")
async def test_a_handler_that_waits_for_nothing() -> None:
    """A handler that waits for nothing is answered within the turn of the loop that brought the notification."""
    hook = webhook()
    turns: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(_waits_for_nothing)
    asyncio.get_running_loop().call_soon(turns.append, "next")
    assert (await hook.dispatch(*notify())).ok
    assert turns == []


async def _waits_for_nothing(notification: Notification[Any]) -> None:
    pass


@pytest.mark.parametrize("in_loop", [True, False])
def test_closing_waits_for_what_dispatch_sync_began(in_loop: bool) -> None:
    """A late handler runs in another thread's loop; it wakes the loop that waits for it."""
    hook = webhook(deadline=0.05)
    finish = threading.Event()
    handled: list[str] = []

    def plain(notification: Notification[Any]) -> None:
        finish.wait(30)
        handled.append(notification.id)

    async def coroutine(notification: Notification[Any]) -> None:
        await asyncio.to_thread(plain, notification)

    hook.on("TRANSACTION.SUCCESS")(coroutine if in_loop else plain)
    assert (hook.dispatch_sync(*notify()).status, hook.is_busy) == (500, True)
    closing = threading.Thread(target=asyncio.run, args=(hook.aclose(),), daemon=True)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    finish.set()
    closing.join(20)
    assert (closing.is_alive(), handled, hook.is_busy) == (False, ["EV-1"], False)


def test_closing_when_the_loop_of_a_handler_has_ended() -> None:
    """A loop that was stopped has handlers that never end: nobody waits for them."""
    hook, loop = webhook(deadline=0.01), asyncio.new_event_loop()

    async def late(notification: Notification[Any]) -> None:
        await asyncio.Event().wait()

    hook.on("TRANSACTION.SUCCESS")(late)
    assert loop.run_until_complete(hook.dispatch(*notify())).status == 500
    task: Any
    (task,) = asyncio.all_tasks(loop)
    loop.close()
    asyncio.run(asyncio.wait_for(hook.aclose(), 20))
    assert not hook.is_busy
    task._log_destroy_pending = False  # it is left pending on purpose
    task.get_coro().close()


async def test_a_handler_that_cancels_itself_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that ends as cancelled before it waits is no success, and cancels nobody else."""
    hook = webhook()

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        raise asyncio.CancelledError

    assert (await hook.dispatch(*notify())).status == 500
    await hook.aclose()
    assert "its handler was cancelled; the platform was told to send it again" in caplog.text


async def test_late_handler_finishes() -> None:
    """A late handler goes on in the background; the platform comes back and learns that it succeeded."""
    hook = webhook(deadline=0.05)
    finish = asyncio.Event()
    calls: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        await finish.wait()
        calls.append(notification.id)

    assert (await hook.dispatch(*notify())).status == 500
    assert calls == []
    assert (await hook.dispatch(*notify())).status == 503
    finish.set()
    await hook.aclose()
    assert (await hook.dispatch(*notify())).ok
    assert calls == ["EV-1"]


async def test_late_handler_is_cancelled() -> None:
    """Where the user wants it, a late handler is cancelled and its claim given back."""
    hook = webhook(deadline=0.05, late="cancel")
    calls: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        calls.append("started")
        await asyncio.sleep(0 if len(calls) > 2 else 60)
        calls.append("done")

    assert (await hook.dispatch(*notify())).status == 500
    assert (await hook.dispatch(*notify())).status == 500
    assert (await hook.dispatch(*notify())).ok
    assert calls == ["started", "started", "started", "done"]


@pytest.mark.parametrize(("late", "calls_after"), [("finish", ["done"]), ("cancel", [])])
async def test_the_platform_hangs_up(late: str, calls_after: list[str]) -> None:
    """When the connection breaks, the handler's fate is the same as when it is late."""
    hook = webhook(late=late)
    started, calls = asyncio.Event(), list[str]()

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        started.set()
        await asyncio.sleep(0.02)
        calls.append("done")

    request = asyncio.create_task(hook.dispatch(*notify()))
    await started.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await hook.aclose()
    assert calls == calls_after


async def test_a_store_that_fails() -> None:
    """A store that is down refuses the notification instead of losing it, and nothing is handled."""

    class Down(MemorySeen):
        async def claim(self, key: str, token: str) -> Any:
            raise ConnectionError("down")

    hook = webhook(seen=Down())
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    assert (await hook.dispatch(*notify())).status == 500
    assert calls == []


async def test_business_answer() -> None:
    """What a handler returns is in the reply; a question that is asked again is answered again."""
    hook = webhook()

    @hook.on("PARKING_FEE.QUERY_TRANS_INFO")
    async def fee(notification: Notification[Any]) -> Mapping[str, Any]:
        return {"total_amount": 500, "pay_state": "PAY_STATUS_UNPAID"}

    message = notify(event_type="PARKING_FEE.QUERY_TRANS_INFO", original_type="parking_fee")
    for _ in range(2):
        body = json.loads((await hook.dispatch(*message)).body)
        assert body == {"code": "SUCCESS", "message": "OK", "total_amount": 500, "pay_state": "PAY_STATUS_UNPAID"}


async def test_own_reply() -> None:
    """A handler may refuse by itself; such a notification may come again."""
    hook = webhook()
    calls: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> Reply:
        calls.append(notification.id)
        return Reply.failure("stock", status=409) if len(calls) == 1 else Reply(status=204)

    assert [(await hook.dispatch(*notify())).status for _ in range(3)] == [409, 204, 200]
    assert len(calls) == 2


@pytest.mark.parametrize("answer", [7, "SUCCESS", True, object(), {"amount": object()}])
async def test_wrong_answers(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A handler that returns something else is a mistake that the log shows, not a success."""
    hook = webhook()
    hook.on("TRANSACTION.SUCCESS")(lambda notification: answer)
    assert (await hook.dispatch(*notify())).status == 500
    assert "its handler failed" in caplog.text


async def test_signed_reply() -> None:
    """Replies to cross-border institutions' notifications carry a signature of theirs."""
    signer = AuthorizationSigner(mchid="1900000109", serial="AB", signer=KeySigner(merchant().rsa_key))
    hook = webhook(sign_reply=signer)

    @hook.on("CROSS_BORDER_PAY.GET_MCH_INFO")
    async def info(notification: Notification[Any]) -> Mapping[str, Any]:
        return {"mch_id": "1"}

    reply = await hook.dispatch(*notify(event_type="CROSS_BORDER_PAY.GET_MCH_INFO", original_type="cross_border_pay"))
    authorization = Authorization.parse(reply.headers["Authorization"])
    message = v3.answer_message(authorization.timestamp, authorization.nonce, reply.body)
    rsa.verify(merchant().rsa_key.public_key(), message, authorization.signature)
    assert (authorization.owner, json.loads(reply.body)["mch_id"]) == ("1900000109", "1")


def test_signed_reply_without_signer() -> None:
    """A kind whose replies must be signed can't be handled without a signer, and that is said at registration."""
    with pytest.raises(ConfigurationError, match="sign_reply"):
        webhook().on("CROSS_BORDER_PAY.GET_MCH_INFO")


async def test_xml_replies() -> None:
    """APIv2 is answered in XML, success and refusal alike."""
    hook = webhook()
    hook.on("v2/refund-processed")(lambda notification: None)
    reply = await hook.dispatch({}, refund({"refund_id": "1"}))
    assert v2.parse(reply.body) == {"return_code": "SUCCESS", "return_msg": "OK"}
    assert reply.headers["Content-Type"].startswith("text/xml")
    refused = await hook.dispatch({}, xml({"a": "1"}, None))
    assert (refused.status, v2.parse(refused.body)["return_code"]) == (401, "FAIL")
    unhandled = await hook.dispatch({}, xml({"mch_id": "1", "return_code": "SUCCESS", "a": "1"}))
    assert (unhandled.status, v2.parse(unhandled.body)["return_code"]) == (501, "FAIL")


async def test_xml_events_are_not_json_events() -> None:
    """A handler for payments never gets the APIv2 event of the same name, whose fields mean other things."""
    hook = webhook()
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    codes = {"return_code": "SUCCESS", "result_code": "SUCCESS"}
    event = {**codes, "event_type": "TRANSACTION.SUCCESS", "transaction_id": "1"}
    assert (await hook.dispatch({}, xml(event))).status == 501
    assert calls == []


def test_without_a_loop() -> None:
    """A program without event loop dispatches too; a late handler goes on there as well."""
    hook = webhook(deadline=0.2)
    calls: list[str] = []
    variable = contextvars.ContextVar("variable", default="")
    variable.set("caller's")

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        if notification.id == "slow":
            await asyncio.sleep(0.3)
        calls.append(variable.get())

    assert hook.dispatch_sync(*notify()).ok
    assert hook.dispatch_sync(*notify(id="slow")).status == 500
    given_up = time.monotonic() + 10
    while not hook.dispatch_sync(*notify(id="slow")).ok:
        assert time.monotonic() < given_up
        time.sleep(0.02)
    assert calls == ["caller's", "caller's"]


def test_in_the_calling_thread() -> None:
    """A plain handler runs where `dispatch_sync` was called, a coroutine function in the loop; both are answered."""
    hook = webhook()
    ran_in: list[int] = []

    @hook.on("TRANSACTION.SUCCESS")
    def paid(notification: Notification[Any]) -> Mapping[str, Any]:
        ran_in.append(threading.get_ident())
        if notification.id == "3":
            raise ZeroDivisionError
        return {"here": True}

    @hook.on("REFUND.SUCCESS")
    async def refunded(notification: Notification[Any]) -> None:
        ran_in.append(threading.get_ident())

    first = hook.dispatch_sync(*notify(id="1"), in_calling_thread=True)
    assert (first.status, json.loads(first.body)["here"]) == (200, True)
    assert hook.dispatch_sync(*notify(id="2", event_type="REFUND.SUCCESS"), in_calling_thread=True).ok
    assert hook.dispatch_sync(*notify(id="3"), in_calling_thread=True).status == 500
    assert [ident == threading.get_ident() for ident in ran_in] == [True, False, True]


def test_a_transaction_around_a_handler() -> None:
    """It ends before the notification counts as handled: where its commit fails, the repetition is handled again."""
    hook, told = webhook(), list[str]()
    hook.on()(lambda notification: told.append(notification.id))

    def in_transaction(handle: Callable[[], Any]) -> Any:
        answer = handle()
        if len(told) == 1:
            raise ZeroDivisionError
        told.append("committed")
        return answer

    dispatching = [hook.dispatch_sync(*notify(), in_calling_thread=True, around=in_transaction) for _ in range(3)]
    assert [reply.status for reply in dispatching] == [500, 200, 200]
    assert told == ["EV-1", "EV-1", "committed"]


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"around": lambda handle: handle()}, "Add in_calling_thread=True"),
        ({"around": "atomic", "in_calling_thread": True}, "Give a function"),
    ],
)
def test_a_transaction_that_would_be_around_nothing(options: Any, remedy: str) -> None:
    """It is refused, and no handler runs outside of it."""
    hook, handled = webhook(), list[str]()
    hook.on()(lambda notification: handled.append(notification.id))
    with pytest.raises(ConfigurationError, match=rf"^around: .*{remedy}"):
        hook.dispatch_sync(*notify(), **options)
    assert handled == []


def test_a_handler_that_dispatches_itself() -> None:
    """A blocking dispatch in a coroutine handler of the same webhook would wait for itself: it is refused, not hung."""
    hook = webhook()

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        hook.dispatch_sync(*notify(id="2"))

    assert hook.dispatch_sync(*notify(id="1")).status == 500


@pytest.mark.parametrize("text", ["a\n2026 INFO all paid", "a\x1b[2J", "\x9b2J", "\u2028b", "\u202eb"])
async def test_logs_are_on_one_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Line ends and control characters of what came are escaped: nobody writes lines or steers a terminal by them."""
    hook = webhook()
    hook.on("KNOWN")(lambda notification: dict[str, Any]()[notification.id])
    await hook.dispatch(*notify(id=text))
    await hook.dispatch(*notify(event_type=text, original_type=text))
    await hook.dispatch(*notify(event_type="KNOWN", id=text))
    await hook.dispatch(*notify(algorithm=text))
    await hook.dispatch({**notify()[0], "Wechatpay-Serial": text}, notify()[1])
    await hook.dispatch({}, f"<xml><{text}>1</{text}></xml>".encode())
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 6
    assert all(message.isprintable() for message in messages), messages


def test_many_threads_share_one_webhook() -> None:
    """From many threads a notification is handled once."""
    hook = webhook()
    calls: list[str] = []
    hook.on("TRANSACTION.SUCCESS")(lambda notification: calls.append(notification.id))
    message = notify()
    threads = [threading.Thread(target=hook.dispatch_sync, args=message) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["EV-1"]


@pytest.mark.parametrize(
    ("event_type", "original_type", "is_short"),
    [("CROSS_BORDER_PAY.GET_MCH_INFO", "cross_border_pay", True), ("TRANSACTION.SUCCESS", "transaction", False)],
)
async def test_a_shorter_deadline(
    monkeypatch: pytest.MonkeyPatch, event_type: str, original_type: str, *, is_short: bool
) -> None:
    """The platform waits three seconds for a cross-border institution's reply: it has one before, as others in five."""
    monkeypatch.setattr(router, "_SHORT_DEADLINE", 0.05)
    signer = AuthorizationSigner(mchid="1900000109", serial="AB", signer=KeySigner(merchant().rsa_key))
    hook = webhook(sign_reply=signer, deadline=60)
    released = asyncio.Event()

    @hook.on(event_type)
    async def wait(notification: Notification[Any]) -> None:
        if is_short:
            await released.wait()

    reply = await hook.dispatch(*notify(event_type=event_type, original_type=original_type))
    assert reply.ok is not is_short
    released.set()
    await hook.aclose()


async def test_signed_reply_in_sm_mode() -> None:
    """A reply that is signed with SM2 says so in its signature type."""
    pair = KeyPair.merchant("SM2")
    hook = webhook(sign_reply=AuthorizationSigner(mchid="1", serial="AB", signer=signer_of(pair.private_key)))
    hook.on("CROSS_BORDER_PAY.GET_MCH_INFO")(lambda notification: {"mch_id": "1"})
    reply = await hook.dispatch(*notify(event_type="CROSS_BORDER_PAY.GET_MCH_INFO", original_type="cross_border_pay"))
    authorization = Authorization.parse(reply.headers["Authorization"])
    assert authorization.signature_type == signature_types.SM2
    message = v3.answer_message(authorization.timestamp, authorization.nonce, reply.body)
    asymmetric.verify(pair.private_key.public_key(), message, authorization.signature)


def test_a_copy_is_the_webhook_itself() -> None:
    """Its handlers, threads and keys are shared with a copy, also a deep one, and with no other process."""
    hook, handled = webhook(), list[str]()
    hook.on()(lambda notification: handled.append(notification.id))
    assert hook.dispatch_sync(*notify()).ok
    assert copy.copy(hook) is copy.deepcopy({"hook": hook})["hook"] is hook
    with pytest.raises(TypeError, match="make one in each process"):
        pickle.dumps(hook)
