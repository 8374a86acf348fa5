"""Functions of the user's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.emulator.raw import ECHO
from wechatpay_chain import (
    APIError,
    ConfigurationError,
    Response,
    WeChatPay,
)
from wechatpay_chain.emulator import Call, Emulator, Refusal
from wechatpay_chain.http.headers import Headers


async def test_a_route_of_ones_own(emulator: Emulator) -> None:
    """A path that the catalogue doesn't know is answered by a function, with the placeholders' values."""

    @emulator.on("POST", "/v3/new/{id}")
    def answer(call: Call) -> dict[str, Any]:
        return {"id": call.values["id"], "got": call.json, "query": call.query}

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        got = await wxpay["v3/new/{id}"].post(id="a/b 中", json={"x": 1}, params={"q": ["1", "2"], "r": "3"})
        assert got.json() == {"id": "a/b 中", "got": {"x": 1}, "query": {"q": ["1", "2"], "r": "3"}}
        with pytest.raises(APIError) as caught:
            await wxpay["v3/new/{id}"].get(id="1")
    assert caught.value.status == 405


async def test_routes_may_refuse_await_and_say_nothing(emulator: Emulator) -> None:
    """A route may be a coroutine, refuse in the platform's shape, answer without content, or with a whole response."""

    @emulator.on("GET", "/v3/new/refused")
    async def refused(call: Call) -> None:
        await asyncio.sleep(0)
        raise Refusal(403, "NO_AUTH", "没有权限")

    @emulator.on("GET", "/v3/new/{anything}")
    def nothing(call: Call) -> None:
        return None

    @emulator.on("GET", "/v3/new/whole")
    def whole(call: Call) -> Response[Any]:
        return Response(status=202, headers=Headers({"X-Own": "1"}), content=b'{"state":"WAITING"}')

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(APIError) as caught:
            await wxpay["v3/new/refused"].get()
        assert (caught.value.status, caught.value.code, caught.value.verified) == (403, "NO_AUTH", True)
        assert (await wxpay["v3/new/other"].get()).status == 204
        answer = await wxpay["v3/new/whole"].get()
        assert (answer.status, answer.headers["X-Own"], answer.json()) == (202, "1", {"state": "WAITING"})


async def test_a_route_over_a_known_operation(emulator: Emulator) -> None:
    """A function of one's own wins over the emulator's answer; its secrets arrive plain and leave encrypted."""

    @emulator.on("POST", ECHO)
    def shout(call: Call) -> dict[str, Any]:
        return {name: value.upper() for name, value in call.json.items()}

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        answer = await wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
    assert answer.json() == {"echo_message": "A", "encrypted_echo_message": "B"}
    assert json.loads(answer.content)["encrypted_echo_message"] != "B"


async def test_a_path_without_its_slash(emulator: Emulator) -> None:
    """It is the same path, as a chain's is."""
    emulator.on("GET", "v3/new/{id}")(lambda call: {"id": call.values["id"]})
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        assert (await wxpay["v3/new/{id}"].get(id=1)).json() == {"id": "1"}


@pytest.mark.parametrize(
    ("method", "template", "route", "argument"),
    [
        ("get", "/v3/new", print, "method"),
        ("GET", 5, print, "template"),
        ("GET", "/v3/new?a=1", print, "path"),
        ("GET", "/v3/new", 5, "route"),
    ],
)
def test_routes_that_would_answer_nothing(
    emulator: Emulator, method: str, template: Any, route: Any, argument: str
) -> None:
    """What no call can lead to, and what can't answer it, is told when it is registered."""
    with pytest.raises(ConfigurationError, match=rf"^{argument}: "):
        emulator.on(method, template)(route)


async def test_faults_of_a_route_are_not_hidden(emulator: Emulator) -> None:
    """An exception of the user's own function reaches the test that caused it."""

    @emulator.on("GET", "/v3/new")
    def broken(call: Call) -> None:
        raise ZeroDivisionError

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(ZeroDivisionError):
            await wxpay["v3/new"].get()
