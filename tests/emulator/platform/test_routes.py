"""Functions of the user's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.emulator.raw import ECHO
from wechatpay_chain import (
    APIError,
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


async def test_faults_of_a_route_are_not_hidden(emulator: Emulator) -> None:
    """An exception of the user's own function reaches the test that caused it."""

    @emulator.on("GET", "/v3/new")
    def broken(call: Call) -> None:
        raise ZeroDivisionError

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(ZeroDivisionError):
            await wxpay["v3/new"].get()
