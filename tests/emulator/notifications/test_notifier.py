"""Notifications on their way: schedules, answers, apps in this process, and shops that don't answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.shop import Shop, open_shop
from wechatpay_chain import ConfigurationError, Webhook
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import Delay, Forge, LoseAnswer, OtherKey
from wechatpay_chain.emulator.notifications.waiting import MOST_TO_ONE
from wechatpay_chain.emulator.world.announcements import Announcement
from wechatpay_chain.emulator.world.merchants import Merchant

AWAY = "https://shop.example"


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that takes everything."""
    with open_shop() as shop:
        yield shop


@pytest.fixture
def slow(merchant_pair: KeyPair, platform_pair: KeyPair, clock: Clock) -> Emulator:
    """An emulator whose time stands still until it is moved, and that has little patience."""
    return Emulator(merchant_key=merchant_pair, platform_keys=[platform_pair], clock=clock, patience=0.3)


def only(emulator: Emulator) -> Announcement:
    """The one notification that there is."""
    (notification,) = emulator.notifications
    return notification


def opened(emulator: Emulator, message: tuple[dict[str, str], bytes], clock: Clock) -> Any:
    """What the merchant's webhook makes of a message."""
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"], clock=clock)
    return webhook.open(*message)


async def test_a_payment_is_announced(slow: Emulator, shop: Shop, clock: Clock) -> None:
    """A payment is announced to the order's address, signed with the real time, and told once."""
    slow.add_order("A1", 29, notify_url=shop.url)
    slow.advance(days=1)
    slow.pay("A1")
    await slow.deliver()
    await slow.deliver()
    (message,) = shop.received
    notification = opened(slow, message, clock)
    assert notification.resource["out_trade_no"] == "A1"
    assert message[0]["Wechatpay-Timestamp"] == str(int(clock.now))
    assert only(slow).state == "DELIVERED"
    assert only(slow).attempts[0]["status"] == 200


async def test_schedule(slow: Emulator, shop: Shop) -> None:
    """What isn't taken is sent again by its schedule, each time under the same number, and given up at its end."""
    shop.answer(500, body=b"no")
    slow.add_order("A1", 29, notify_url=shop.url)
    slow.pay("A1")
    await slow.deliver()
    assert (only(slow).state, len(shop.received)) == ("RETRYING", 1)
    slow.advance(14)
    await slow.deliver()
    assert len(shop.received) == 1
    slow.advance(1)
    await slow.deliver()
    assert len(shop.received) == 2
    slow.advance(days=2)
    await slow.deliver()
    assert (only(slow).state, len(shop.received)) == ("GIVEN_UP", 16)
    assert {attempt["answer"] for attempt in only(slow).attempts} == {"no"}
    slow.advance(days=2)
    await slow.deliver()
    assert len(shop.received) == 16


async def test_taken_at_last(slow: Emulator, shop: Shop) -> None:
    """A shop that fails twice and then takes it gets it three times."""
    shop.answer(500, 404, 204)
    slow.add_order("A1", 29, notify_url=shop.url)
    slow.pay("A1")
    slow.advance(hours=1)
    await slow.deliver()
    assert [attempt["taken"] for attempt in only(slow).attempts] == [False, False, True]
    assert [state for _, state in only(slow).history] == ["WAITING", "RETRYING", "RETRYING", "DELIVERED"]


async def test_clock_moved_back(slow: Emulator, shop: Shop) -> None:
    """A clock that is moved back keeps nothing waiting longer than the schedule says."""
    shop.answer(500, 200)
    slow.add_order("A1", 29, notify_url=shop.url)
    slow.pay("A1")
    await slow.deliver()
    slow.advance(days=-30)
    assert slow.notifier.next_due() == slow.world.now + 15
    slow.advance(14)
    await slow.deliver()
    assert len(shop.received) == 1
    slow.advance(1)
    await slow.deliver()
    assert (len(shop.received), only(slow).state) == (2, "DELIVERED")


async def test_many_for_a_shop_that_never_answers(
    merchant_pair: KeyPair, platform_pair: KeyPair, clock: Clock, shop: Shop
) -> None:
    """Of many for a silent shop a few are on their way at once; another shop gets its own; nothing is lost."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[platform_pair], clock=clock, patience=60)
    with open_shop() as silent:
        silent.silent = threading.Event()
        for number in range(MOST_TO_ONE + 20):
            emulator.pay(emulator.add_order(f"S{number}", 1, notify_url=silent.url).code)
        emulator.pay(emulator.add_order("L1", 1, notify_url=shop.url).code)
        async with emulator.listen():
            await emulator.wait_for(lambda: len(silent.received) == MOST_TO_ONE and len(shop.received) == 1, 30)
            assert emulator.notifier.next_due() is None
            silent.silent.set()
            await emulator.wait_for(lambda: all(one.state == "DELIVERED" for one in emulator.notifications), 30)
        assert len({body for _, body in silent.received}) == len(silent.received) == MOST_TO_ONE + 20


async def test_silent_shop(slow: Emulator, shop: Shop) -> None:
    """A shop that never answers counts as one that has not taken it, and keeps the others from nothing."""
    with open_shop() as silent:
        silent.silent = threading.Event()
        slow.add_order("A1", 29, notify_url=silent.url)
        slow.add_order("A2", 29, notify_url=shop.url)
        slow.pay("A1")
        slow.pay("A2")
        await slow.deliver()
    first, second = slow.notifications
    assert (first.state, first.attempts[0]["error"]) == ("RETRYING", "no answer within 0.3 s")
    assert second.state == "DELIVERED"


@pytest.mark.parametrize(("answer", "state"), [((302, b""), "RETRYING"), ((204, b""), "DELIVERED")])
async def test_status(slow: Emulator, shop: Shop, answer: tuple[int, bytes], state: str) -> None:
    """Any 2xx takes a notification; a redirect is not followed, and takes nothing."""
    shop.answers = [answer]
    slow.trigger("REFUND.SUCCESS", notify_url=shop.url)
    await slow.deliver()
    assert only(slow).state == state


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"<xml><return_code>SUCCESS</return_code></xml>", "DELIVERED"),
        (b"<xml><return_code>FAIL</return_code></xml>", "RETRYING"),
        (b'{"code": "SUCCESS"}', "RETRYING"),
        (b"", "RETRYING"),
    ],
)
async def test_apiv2_wants_xml(slow: Emulator, shop: Shop, answer: bytes, state: str) -> None:
    """A notification of APIv2 is taken by an answer in XML that says so, and by nothing else."""
    shop.answers = [(200, answer)]
    slow.trigger("v2/transaction-success", notify_url=shop.url)
    await slow.deliver()
    assert (only(slow).state, shop.received[0][0]["Content-Type"]) == (state, "text/xml")


@pytest.mark.parametrize(
    ("notify_url", "why"), [("https://shop.example/notify", "not this machine"), ("", "no notify_url")]
)
async def test_nowhere_to_go(slow: Emulator, notify_url: str, why: str) -> None:
    """What leads out of this machine is not sent, but kept and shown with the reason."""
    slow.add_order("A1", 29, notify_url=notify_url)
    slow.pay("A1")
    await slow.deliver()
    assert only(slow).state == "UNDELIVERABLE"
    assert why in only(slow).attempts[0]["error"]


async def test_mapped_later(slow: Emulator, shop: Shop) -> None:
    """What could not be delivered can be sent again once it is known where to."""
    slow.add_order("A1", 29, notify_url=f"{AWAY}/notify")
    slow.pay("A1")
    await slow.deliver()
    slow.deliver_to(AWAY, shop.url.removesuffix("/notify"))
    slow.notifier.send_again(only(slow).number)
    await slow.deliver()
    assert (only(slow).state, len(shop.received)) == ("DELIVERED", 1)


async def test_no_listener(slow: Emulator) -> None:
    """A port where nobody listens is shown as such."""
    slow.trigger("REFUND.SUCCESS", notify_url="http://127.0.0.1:9/notify")
    await slow.deliver()
    assert "127.0.0.1" in only(slow).attempts[0]["error"]


async def test_twice(slow: Emulator, shop: Shop) -> None:
    """The same notification can be sent twice, under one number."""
    slow.trigger("TRANSACTION.SUCCESS", notify_url=shop.url, times=2)
    await slow.deliver()
    (_, first), (_, second) = shop.received
    assert first == second or len({body[:50] for body in (first, second)}) == 1
    assert sorted(attempt["by_hand"] for attempt in only(slow).attempts) == [False, True]  # both go at once


async def test_late(slow: Emulator, shop: Shop) -> None:
    """A notification can come late."""
    slow.trigger("TRANSACTION.SUCCESS", notify_url=shop.url, after=60)
    await slow.deliver()
    assert not shop.received
    slow.advance(minutes=1)
    await slow.deliver()
    assert len(shop.received) == 1


async def test_out_of_order(slow: Emulator, shop: Shop, clock: Clock) -> None:
    """Held notifications come when they are released, the newest first if that is asked for."""
    slow.notifier.hold()
    for number in ("A1", "A2", "A3"):
        slow.add_order(number, 29, notify_url=shop.url)
        slow.pay(number)
        slow.advance(1)
    await slow.deliver()
    assert not shop.received
    slow.notifier.release()
    await slow.deliver(newest_first=True)
    told = [opened(slow, message, clock).resource["out_trade_no"] for message in shop.received]
    assert told == ["A3", "A2", "A1"]


async def test_a_wrong_one(slow: Emulator, shop: Shop) -> None:
    """A forged notification is sent when asked for; a shop that takes it has not taken the right one."""
    made = slow.trigger("TRANSACTION.SUCCESS", notify_url=shop.url, flaw="probe")
    await slow.deliver()
    assert shop.received[0][0]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert (only(slow).number, only(slow).state) == (made.number, "BY_HAND")
    assert (only(slow).attempts[0]["flaw"], only(slow).attempts[0]["taken"]) == ("probe", True)


async def test_faults(both: Emulator, shop: Shop) -> None:
    """Rules strike notifications, too: forged, lost, late, or signed by another key, then as they should be."""
    key = both.platform_keys[1].serial
    both.faults.add(Forge("altered"), operation="NOTIFY REFUND.*", times=1)
    both.faults.add(LoseAnswer(), operation="NOTIFY REFUND.*", times=1, after=1)
    both.faults.add(OtherKey(), operation="NOTIFY REFUND.*", times=1, after=2)
    both.faults.add(Delay(0.01), operation="NOTIFY *")
    shop.answer(500)
    made = both.trigger("REFUND.SUCCESS", notify_url=shop.url)
    both.advance(minutes=1)
    await both.deliver()
    attempts = both.notifications[0].attempts
    assert [attempt["flaw"] for attempt in attempts] == ["altered", "", "", ""]
    assert attempts[1]["error"] == "lost on its way"
    assert [attempt["serial"] == key for attempt in attempts] == [False, False, True, False]
    assert len(shop.received) == 3
    assert made.number == both.notifications[0].number


async def test_asgi(slow: Emulator, clock: Clock) -> None:
    """An ASGI app is called in this process, without a port."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        event = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen.append((scope["path"], opened(slow, (headers, event["body"]), clock)))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"ok"})

    slow.deliver_to(AWAY, app)
    slow.trigger("REFUND.SUCCESS", notify_url=f"{AWAY}/notify")
    await slow.deliver()
    ((path, notification),) = seen
    assert (path, notification.event_type) == ("/notify", "REFUND.SUCCESS")
    assert only(slow).attempts[0]["answer"] == "ok"


def wsgi(seen: list[Any], emulator: Emulator, clock: Clock) -> Any:
    """A WSGI app that takes notifications, and notes the thread that it runs in."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        seen.append((threading.current_thread(), opened(emulator, (environ, body), clock)))
        start_response("204 No Content", [])
        return []

    return app


async def test_wsgi(slow: Emulator, clock: Clock) -> None:
    """A WSGI app is called from a coroutine in a thread, which leaves the event loop free."""
    seen: list[Any] = []
    slow.deliver_to(AWAY, wsgi(seen, slow, clock))
    slow.trigger("REFUND.SUCCESS", notify_url=f"{AWAY}/notify")
    await slow.deliver()
    assert (only(slow).state, seen[0][0] is threading.current_thread()) == ("DELIVERED", False)


def test_wsgi_in_this_thread(slow: Emulator, clock: Clock) -> None:
    """Without event loop, a WSGI app is called in the calling thread, where its database's transaction is."""
    seen: list[Any] = []
    slow.deliver_to(AWAY, wsgi(seen, slow, clock))
    slow.trigger("REFUND.SUCCESS", notify_url=f"{AWAY}/notify")
    slow.deliver_sync()
    assert (only(slow).state, seen[0][0]) == ("DELIVERED", threading.current_thread())


async def test_an_app_that_raises(slow: Emulator) -> None:
    """An app that raises has not taken it; what it raised is kept."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("no stock")

    slow.deliver_to(AWAY, app)
    slow.trigger("REFUND.SUCCESS", notify_url=AWAY)
    await slow.deliver()
    assert only(slow).state == "RETRYING"
    assert only(slow).attempts[0]["error"] == "the app raised RuntimeError: no stock"


def test_in_the_background(emulator: Emulator, shop: Shop) -> None:
    """While the emulator listens, notifications go out by themselves, retries as soon as the clock is moved."""
    shop.answer(500, 200)
    with emulator.listen():
        emulator.add_order("A1", 29, notify_url=shop.url)
        emulator.pay("A1")
        emulator.wait_for_sync(lambda: len(shop.received) == 1)
        emulator.advance(minutes=1)
        emulator.wait_for_sync("TRANSACTION.SUCCESS")
    assert len(shop.received) == 2


def test_speed(emulator: Emulator, shop: Shop) -> None:
    """With a faster clock, retries come sooner."""
    shop.answer(500, 500, 200)
    emulator.run_at(3600)
    with emulator.listen():
        emulator.trigger("REFUND.SUCCESS", notify_url=shop.url)
        emulator.wait_for_sync("REFUND.SUCCESS")
    assert len(shop.received) == 3


def test_paid_by_itself(merchant_pair: KeyPair, platform_pair: KeyPair, shop: Shop) -> None:
    """With `pay_after`, every order is paid some time after it was made, but none that was closed meanwhile."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[platform_pair], pay_after=3)
    with emulator.listen():
        emulator.add_order("A1", 29, notify_url=shop.url)
        emulator.add_order("A2", 29, notify_url=shop.url)
        emulator.expire("A2")
        emulator.advance(3)
        emulator.wait_for_sync("TRANSACTION.SUCCESS")
    assert [order.state for order in emulator.orders] == ["SUCCESS", "CLOSED"]


def test_waiting_in_vain(slow: Emulator) -> None:
    """Who waits for what doesn't happen is told what became of the notifications."""
    slow.trigger("REFUND.SUCCESS", notify_url="http://127.0.0.1:9/")
    with pytest.raises(TimeoutError, match=r"REFUND.SUCCESS to .* is WAITING"):
        slow.wait_for_sync("REFUND.SUCCESS", 0.01)


def test_waiting_for_what_the_shop_does(slow: Emulator) -> None:
    """What happens in the shop alone, long after its answer, is waited for as well."""
    done = threading.Event()
    later = threading.Timer(0.1, done.set)
    later.start()
    assert slow.wait_for_sync(done.is_set, 30)
    later.join()


@pytest.mark.parametrize(
    ("options", "argument"),
    [({"times": 0}, "times"), ({}, "notify_url"), ({"serial": "x", "notify_url": "http://127.0.0.1/"}, "serial")],
)
def test_what_is_wrong_is_named(slow: Emulator, options: dict[str, Any], argument: str) -> None:
    """A trigger that makes no sense is refused, with the name of what is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        slow.trigger("REFUND.SUCCESS", **options)
    assert caught.value.argument == argument


def test_sent_again_is_checked(slow: Emulator) -> None:
    """Only what there is can be sent again, and with a flaw that it can have."""
    with pytest.raises(ConfigurationError, match="no notification"):
        slow.notifier.send_again("nothing")
    made = slow.trigger("v2/transaction-success", notify_url="http://127.0.0.1:9/")
    with pytest.raises(ConfigurationError, match="timestamp"):
        slow.notifier.send_again(made.number, flaw="stale")


async def test_snapshots(slow: Emulator, shop: Shop) -> None:
    """The world can be put back to a snapshot, its time and what is to be announced included, and be emptied."""
    slow.add_order("A1", 29, notify_url=shop.url)
    before = slow.snapshot()
    slow.pay("A1")
    slow.advance(hours=1)
    slow.restore(before)
    assert [order.state for order in slow.orders] == ["NOTPAY"]
    assert (slow.notifications, slow.world.clock.offset) == ([], 0)
    slow.pay("A1")
    await slow.deliver()
    assert len(shop.received) == 1
    slow.faults.add(Delay(1))
    slow.reset()
    assert (slow.orders, slow.notifications, len(slow.faults)) == ([], [], 0)


async def test_a_brand_is_notified_by_its_own_key(slow: Emulator, shop: Shop, clock: Clock) -> None:
    """What a brand is sent, by schedule and once more by hand, is signed by the brand's own key, and believed."""
    slow.add_merchant(Merchant(mchid="1004", role="brand"))
    made = slow.trigger("TRANSACTION.SUCCESS", {"out_trade_no": "A1"}, notify_url=shop.url, mchid="1004")
    await slow.deliver()
    slow.notifier.send_again(made.number)
    await slow.deliver()
    webhook = Webhook(**slow.credentials("1004"), clock=clock)
    opened = [webhook.open(*message) for message in shop.received]
    assert [notification.resource["out_trade_no"] for notification in opened] == ["A1", "A1"]
