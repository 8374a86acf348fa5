"""The emulator as a whole: what it keeps, its threads, its keys."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.raw import ECHO, PUNISH
from wechatpay_chain import (
    APIError,
    ConfigurationError,
    NotFound,
    Request,
    Response,
    SyncWeChatPay,
    WeChatPay,
)
from wechatpay_chain.catalogue import operations, validate
from wechatpay_chain.emulator import Emulator, KeyPair

V3 = [operation for operation in operations() if not operation.path.startswith("/v2/")]


async def test_calls_are_kept(emulator: Emulator) -> None:
    """What passed all checks can be looked at afterwards, secrets in plain; what was refused is not there."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        await wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
        with pytest.raises(APIError):
            await wxpay["v3/security/echo"].post(json={})
    (call,) = emulator.calls
    assert (call.method, call.path) == ("POST", ECHO)
    assert call.json == {"echo_message": "a", "encrypted_echo_message": "b"}
    assert "'b'" not in repr(call)


def test_many_threads(emulator: Emulator) -> None:
    """A blocking client that is used from many threads gets each answer once, and each order its own number."""

    def punish(number: int) -> str:
        payload = {"out_request_no": f"P{number}", "mchid": "1", "bal_account_no": "6222", "punish_scene": 1}
        answer = wxpay.chain(PUNISH).post(json=payload)
        punish_no: str = answer.json()["wxpay_punish_no"]
        return punish_no

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(punish, number) for number in range(50)))

    with SyncWeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        assert len(set(asyncio.run(all_at_once()))) == 50


def test_without_a_port_aiohttp_is_not_imported() -> None:
    """An emulator that is called in its own process, and notifies an app there, imports no aiohttp."""
    program = """
import sys
from wechatpay_chain.emulator import Emulator

def app(environ, start_response):
    start_response("204 No Content", [])
    return []

emulator = Emulator(notify={"https://shop.example": app})
emulator.trigger("TRANSACTION.SUCCESS", notify_url="https://shop.example/notify")
emulator.deliver_sync()
print(emulator.notifications[0].state, "aiohttp" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "DELIVERED False\n"


def test_keys_are_fresh() -> None:
    """Two emulators share no key and no name of a key, and none is shown by its repr."""
    one, other = Emulator().credentials(), Emulator().credentials()
    assert one["mchid"] == other["mchid"] == "1900000109"
    assert not {str(value) for name, value in one.items() if name != "mchid"} & {str(value) for value in other.values()}
    assert all(name.startswith("PUB_KEY_ID_0114") and len(name) == 39 for name in one["certs"])
    assert "RSA" not in repr(KeyPair.wechatpay())


async def test_validation_agrees(both: Emulator, clock: Clock) -> None:
    """What the catalogue's own check objects to, the emulator refuses at the same place."""
    native = next(operation for operation in V3 if operation.path == "/v3/pay/transactions/native")
    payload: dict[str, Any] = {"appid": "wx1", "mchid": "1", "amount": {"total": "1"}}
    (first, *_) = validate(native, {"json": payload})
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock)
    with pytest.raises(APIError) as caught:
        await wxpay.chain("v3/pay/transactions/native").post(json=payload)
    assert caught.value.detail["field"] == first.pointer


def test_a_request_is_looked_at_as_it_came(emulator: Emulator) -> None:
    """Only what goes over the wire counts: a template that names another operation changes nothing."""

    async def lie(request: Request) -> Response[Any]:
        return await emulator(replace(request, template=ECHO, json={"forged": True}))

    with SyncWeChatPay(**emulator.credentials(), transport=lie) as wxpay, pytest.raises(NotFound):
        wxpay.v3.certificates.get()


@pytest.mark.parametrize("total", [0.01, "1", 29.0, True, 0, -1])
def test_an_order_is_put_in_in_whole_fen(emulator: Emulator, total: Any) -> None:
    """An amount in yuan is refused as the platform would: the order of a test costs what it says."""
    with pytest.raises(ConfigurationError, match="Give whole fen"):
        emulator.add_order("A1", total)
    assert emulator.orders == []


@pytest.mark.parametrize("wrong", [{"out_trade_no": 5}, {"mchid": 5}, {"notify_url": None}])
def test_an_order_is_put_in_with_texts(emulator: Emulator, wrong: Any) -> None:
    """A number in the place of a text is told by the argument's name."""
    with pytest.raises(ConfigurationError, match=rf"^{next(iter(wrong))}: .* was found\. Give a text"):
        emulator.add_order(**{"out_trade_no": "A1", "total": 1, **wrong})


@pytest.mark.parametrize(
    "ask",
    [
        lambda emulator: emulator.credentials("1"),
        lambda emulator: emulator.credentials(""),
        lambda emulator: emulator.add_order("A1", 1, mchid="1"),
        lambda emulator: emulator.trigger("TRANSACTION.SUCCESS", mchid="1", notify_url="http://127.0.0.1:1"),
        lambda emulator: emulator.notification("TRANSACTION.SUCCESS", mchid="1"),
    ],
)
def test_a_merchant_that_is_not_there(emulator: Emulator, ask: Callable[[Any], None]) -> None:
    """It is told at once, with those who are there."""
    with pytest.raises(ConfigurationError, match=rf"^mchid: there is no merchant '1?'\. Give one of {emulator.mchid}"):
        ask(emulator)
    assert (emulator.orders, emulator.notifications) == ([], [])


@pytest.mark.parametrize(
    ("use", "argument"),
    [
        (lambda emulator: emulator.pay({"prepay_id": "x"}), "what"),
        (lambda emulator: emulator.cancel(None), "what"),
        (lambda emulator: emulator.trigger(5, notify_url="http://127.0.0.1:1"), "kind"),
        (lambda emulator: emulator.trigger("TRANSACTION.SUCCESS", notify_url=5), "notify_url"),
        (lambda emulator: emulator.trigger("TRANSACTION.SUCCESS", flaw="forged"), "flaw"),
        (lambda emulator: emulator.trigger("TRANSACTION.SUCCESS", times="2"), "times"),
        (lambda emulator: emulator.trigger("TRANSACTION.SUCCESS", after=math.nan), "after"),
        (lambda emulator: emulator.notification("TRANSACTION.SUCCESS", flaw="forged"), "flaw"),
        (lambda emulator: emulator.wait_for_sync(5), "kind"),
        (lambda emulator: emulator.restore("x"), "snapshot"),
        (lambda emulator: emulator.restore(None), "snapshot"),
        (lambda emulator: emulator.watch("x"), "watcher"),
        (lambda emulator: emulator.story("x"), "last"),
        (lambda emulator: emulator.confirm([]), "out_bill_no"),
        (lambda emulator: emulator.confirm_service(5), "out_order_no"),
        (lambda emulator: emulator.open_red_packet(None), "mch_billno"),
        (lambda emulator: emulator.add_merchant("1900000110"), "merchant"),
        (lambda emulator: setattr(emulator, "platform_keys", []), "platform_keys"),
        (lambda emulator: setattr(emulator, "platform_keys", ["x"]), "platform_keys"),
    ],
)
def test_what_the_controls_do_not_take(emulator: Emulator, use: Callable[[Any], None], argument: str) -> None:
    """It is told by the argument's name before it takes effect."""
    emulator.add_order("A1", 1, notify_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=rf"^{argument}: .* Give "):
        use(emulator)
    assert emulator.notifications == []


@pytest.mark.parametrize(
    ("move", "argument"),
    [
        (lambda emulator: emulator.advance("x"), "seconds"),
        (lambda emulator: emulator.advance(hours=math.inf), "hours"),
        (lambda emulator: emulator.set_time("x"), "time"),
        (lambda emulator: emulator.set_time(math.nan), "time"),
        (lambda emulator: emulator.run_at("x"), "speed"),
        (lambda emulator: emulator.run_at(-1), "speed"),
        (lambda emulator: emulator.run_at(math.inf), "speed"),
    ],
)
def test_a_clock_is_moved_by_numbers(emulator: Emulator, move: Callable[[Any], None], argument: str) -> None:
    """What is no number is refused before the clock takes it, and with it every call that follows."""
    with pytest.raises(ConfigurationError, match=rf"^{argument}: "):
        move(emulator)
    emulator.add_order("A1", 1)
