"""`Webhook(inbox=...)`: a notification is stored before it is answered, and handled from there."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from tests.notifications.sender import notify, stranger, webhook, xml
from wechatpay_chain import ConfigurationError, Notification, Reply, Webhook
from wechatpay_chain.notifications import MemorySeen
from wechatpay_chain.notifications.inbox import Message


class ListInbox:
    """Stores messages in a list, unless it is down."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.error: Exception | None = None

    async def store(self, message: Message) -> None:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.messages.append(message)


class BlockingInbox:
    """The same with a plain function, which notes its thread."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def store(self, message: Message) -> None:
        self.thread = threading.current_thread()
        self.messages.append(message)


async def test_what_was_stored_is_answered_with_success() -> None:
    """The handler isn't called; the notification that it will get is stored."""
    inbox = ListInbox()
    hook = webhook(inbox=inbox)
    called: list[Any] = []
    hook.on()(called.append)
    headers, body = notify()
    assert (await hook.dispatch(headers, body)).status == 200
    assert called == []
    assert [message.notification() for message in inbox.messages] == [hook.open(headers, body)]


async def test_a_database_that_is_gone_is_answered_with_503(caplog: pytest.LogCaptureFixture) -> None:
    """The platform sends again, and what comes then is stored."""
    caplog.set_level(logging.ERROR)
    inbox = ListInbox()
    inbox.error = ConnectionError("down")
    hook = webhook(inbox=inbox)
    assert (await hook.dispatch(*notify())).status == 503
    inbox.error = None
    assert (await hook.dispatch(*notify())).status == 200
    assert len(inbox.messages) == 1


async def test_a_database_that_is_slow_is_answered_with_503() -> None:
    """Nothing is answered with success before it is stored."""
    gate = asyncio.Event()

    class Slow(ListInbox):
        async def store(self, message: Message) -> None:
            await gate.wait()
            await super().store(message)

    inbox = Slow()
    hook = webhook(inbox=inbox, deadline=0.01)
    assert (await hook.dispatch(*notify())).status == 503
    gate.set()
    await hook.aclose()
    assert len(inbox.messages) == 1


async def test_a_forged_notification_is_not_stored() -> None:
    """Only what the platform signed comes in."""
    inbox = ListInbox()
    assert (await webhook(inbox=inbox).dispatch(*notify(pair=stranger()))).status == 401
    assert inbox.messages == []


async def test_what_has_no_handler_here_is_stored() -> None:
    """The receiving process needs no handlers: the workers have them."""
    inbox = ListInbox()
    assert (await webhook(inbox=inbox).dispatch(*notify())).ok
    assert len(inbox.messages) == 1


async def test_what_the_platform_waits_for_is_answered_at_once() -> None:
    """A question isn't stored: its reply carries the data."""
    inbox = ListInbox()
    hook = webhook(inbox=inbox)
    hook.on("PARKING_FEE.QUERY_TRANS_INFO")(lambda notification: {"fee": 7})
    reply = await hook.dispatch(*notify(event_type="PARKING_FEE.QUERY_TRANS_INFO", original_type="parking_fee"))
    assert (reply.status, inbox.messages) == (200, [])
    assert b'"fee":7' in reply.body


def test_a_plain_function_stores_in_the_calling_thread() -> None:
    """A framework whose connections belong to a thread stores in it; others in a thread of the webhook's."""
    inbox = BlockingInbox()
    hook = webhook(inbox=inbox)
    assert hook.dispatch_sync(*notify(), in_calling_thread=True).ok
    assert inbox.thread is threading.current_thread()
    assert hook.dispatch_sync(*notify()).ok
    assert inbox.thread is not threading.current_thread()
    assert len(inbox.messages) == 2


def failing(_: Notification[Any]) -> str:
    """A business number that can't be told."""
    raise KeyError("x")


@pytest.mark.parametrize("option", [{"seen_key": failing}, {"business_number": failing}])
async def test_a_number_that_cannot_be_told_is_answered_with_503(option: dict[str, Any]) -> None:
    """What a shop's own function raises has the platform send again, as everything that isn't stored."""
    assert (await webhook(inbox=ListInbox(), **option).dispatch(*notify())).status == 503


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (lambda headers: {"headers": headers}, "Give the headers alone"),
        (
            lambda headers: {f"X-{name}": value for name, value in headers.items()},
            "something in between renames headers",
        ),
    ],
)
async def test_why_headers_are_missing_is_told(headers: Any, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """With an inbox, too, the log tells what came in the place of the headers that are missing."""
    inbox = ListInbox()
    signed, body = notify()
    assert not (await webhook(inbox=inbox).dispatch(headers(signed), body)).ok
    assert says in caplog.messages[0]


async def test_headers_may_come_as_an_iterator() -> None:
    """They are read once, and stored whole."""
    inbox = ListInbox()
    headers, body = notify()
    assert (await webhook(inbox=inbox).dispatch(iter(headers.items()), body)).ok
    assert inbox.messages[0].headers["Wechatpay-Signature"] == headers["Wechatpay-Signature"]


@pytest.mark.parametrize("headers", [{}, [("Wechatpay-Nonce", "a"), ("Wechatpay-Nonce", "b")], [("X", "x")] * 5000])
async def test_headers_of_apiv2_say_nothing(headers: Any) -> None:
    """Its notices are stored whatever headers they come with."""
    inbox = ListInbox()
    body = xml({"return_code": "SUCCESS", "result_code": "SUCCESS", "transaction_id": "42", "out_trade_no": "A1"})
    assert (await webhook(inbox=inbox).dispatch(headers, body)).ok
    assert inbox.messages[0].headers == {}


def test_seen_beside_an_inbox_is_a_mistake() -> None:
    """Nothing that is given is left aside without a word."""
    with pytest.raises(ConfigurationError, match="seen"):
        webhook(inbox=ListInbox(), seen=MemorySeen())


def opened(hook: Webhook) -> Notification[Any]:
    """A notification that was verified."""
    return hook.open(*notify())


async def test_handle_raises_what_the_handler_raises() -> None:
    """The worker learns why a handler failed; one that there isn't is a reply of 501."""
    hook = webhook()
    assert (await hook.handle(opened(hook))).status == 501

    @hook.on()
    async def failing(notification: Notification[Any]) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await hook.handle(opened(hook))


def test_handle_sync_runs_in_the_calling_thread() -> None:
    """A plain function works in the transaction of the thread that calls."""
    hook = webhook()
    threads: list[threading.Thread] = []

    @hook.on()
    def handle(notification: Notification[Any]) -> Reply:
        threads.append(threading.current_thread())
        return Reply(status=400)

    assert hook.handle_sync(opened(hook)).status == 400
    assert threads == [threading.current_thread()]


async def test_a_function_in_a_thread_is_waited_for() -> None:
    """It can't be stopped, so a worker that is cancelled meanwhile learns how it went."""
    hook = webhook()
    begun, gate = threading.Event(), threading.Event()

    @hook.on()
    def handle(notification: Notification[Any]) -> None:
        begun.set()
        assert gate.wait(30)

    task = asyncio.create_task(hook.handle(opened(hook)))
    assert await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    assert (await task).ok
