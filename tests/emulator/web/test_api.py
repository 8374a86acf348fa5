"""The control interface: what it does, whom it serves, and that its description is true."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.emulator.shop import open_shop
from wechatpay_chain import SyncWeChatPay
from wechatpay_chain.emulator import Emulator


@dataclass
class Client:
    """Calls the control interface over a socket."""

    base_url: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=10)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            type_of = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, content, {**type_of, **given})
            answer = connection.getresponse()
            text = answer.read()
            is_json = (answer.headers["Content-Type"] or "").startswith("application/json")
            return answer.status, json.loads(text) if is_json else text.decode()
        finally:
            connection.close()


@pytest.fixture
def control(emulator: Emulator) -> Iterator[Client]:
    """A client of the control interface."""
    with emulator.listen() as base_url:
        yield Client(base_url)


def test_an_order_by_hand(emulator: Emulator, control: Client) -> None:
    """An order is made, paid and announced, and all of it can be read."""
    with open_shop() as shop:
        order = {"out_trade_no": "A1", "total": 29, "notify_url": shop.url}
        assert control("POST", "/_emulator/orders", order)[0] == 201
        status, paid = control("POST", "/_emulator/phone/pay", {"what": "A1"})
        assert (status, paid["state"]) == (200, "SUCCESS")
        emulator.wait_for_sync("TRANSACTION.SUCCESS")
    (told,) = control("GET", "/_emulator/notifications")[1]
    assert (told["state"], told["resource"]["out_trade_no"]) == ("DELIVERED", "A1")
    assert control("GET", f"/_emulator/notifications/{told['number']}")[1]["kind"] == "TRANSACTION.SUCCESS"
    assert control("GET", "/_emulator/records/orders?limit=1")[1][0]["out_trade_no"] == "A1"
    assert control("POST", "/_emulator/phone/pay", {"what": "A1"})[0] == 409
    assert control("POST", "/_emulator/phone/pay", {"what": "A2"})[0] == 404


def test_calls(emulator: Emulator, control: Client) -> None:
    """Calls can be read in a line each, and whole, refusals included, without any key."""
    with SyncWeChatPay(**emulator.credentials(), base_url=control.base_url) as wxpay:
        wxpay.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
    (line,) = control("GET", "/_emulator/calls")[1]
    whole = control("GET", f"/_emulator/calls/{line['number']}")[1]
    assert (line["status"], line["template"]) == (200, "/v3/security/echo")
    assert whole["decrypted"] == {"echo_message": "a", "encrypted_echo_message": "b"}
    assert '"b"' not in whole["request"]["body"]
    assert control("GET", f"/_emulator/calls?since={line['number']}")[1] == []
    assert control("GET", "/_emulator/calls/99")[0] == 404
    everything = json.dumps([control("GET", path)[1] for path in ("/_emulator/state", "/_emulator/calls")])
    assert emulator.apiv3_key not in everything
    assert control("GET", "/_emulator/records/settings")[0] == 404


def test_faults_clock_keys_and_reset(emulator: Emulator, control: Client) -> None:
    """Faults come and go, the clock moves, keys rotate, and everything can begin anew."""
    fault = {"effect": "refuse", "status": 429, "code": "RATELIMIT_EXCEEDED", "share": 0.5}
    assert control("POST", "/_emulator/faults", fault)[1]["share"] == 0.5
    assert len(control("GET", "/_emulator/faults")[1]) == 1
    assert control("DELETE", "/_emulator/faults/1")[0] == 200
    assert control("DELETE", "/_emulator/faults/1")[0] == 404
    assert control("POST", "/_emulator/faults", {"effect": "delay"})[1]["argument"] == "seconds"
    assert control("POST", "/_emulator/clock", {"advance": 3600, "speed": 0})[1]["speed"] == 0
    assert emulator.world.clock.offset > 3500
    assert len(control("POST", "/_emulator/keys", {"kind": "public-key"})[1]) == 2
    control("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": 1})
    assert control("POST", "/_emulator/reset")[0] == 200
    assert (emulator.orders, len(emulator.faults)) == ([], 0)


def test_what_a_payer_does(emulator: Emulator, control: Client) -> None:
    """A payer leaves and comes back, pays and complains; what he can't do any more is refused."""
    control("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": 1})
    assert control("POST", "/_emulator/phone/complain", {"what": "A1"})[0] == 409
    assert control("POST", "/_emulator/phone/cancel", {"what": "A1"})[1]["state"] == "NOTPAY"
    assert control("POST", "/_emulator/phone/pay", {"what": "A1"})[1]["state"] == "SUCCESS"
    assert control("POST", "/_emulator/phone/cancel", {"what": "A1"})[0] == 409
    status, complaint = control("POST", "/_emulator/phone/complain", {"what": "A1", "detail": "cold"})
    assert (status, complaint["state"], complaint["detail"]) == (200, "PENDING", "cold")
    assert emulator.notifications[-1].event_type == "COMPLAINT.CREATE"


def test_nobody_leaves_a_combined_order(emulator: Emulator, control: Client) -> None:
    """Nobody is ever in the midst of paying a combined order, so leaving it is refused with what can be done."""
    part = {
        "mchid": emulator.mchid,
        "sub_mchid": "1900000110",
        "out_trade_no": "P1",
        "description": "tea",
        "attach": "a",
    }
    whole = {"combine_appid": "wx1", "combine_mchid": emulator.mchid, "combine_out_trade_no": "C1"}
    amount = {"total_amount": 150, "currency": "CNY"}
    with SyncWeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        wxpay["v3/combine-transactions/native"].post(
            json=whole | {"notify_url": "https://shop.example/n", "sub_orders": [part | {"amount": amount}]}
        )
    status, refused = control("POST", "/_emulator/phone/cancel", {"what": "C1"})
    assert (status, refused["code"]) == (409, "INVALID_REQUEST")
    assert "NOTPAY" in refused["message"]
    assert "付款或让它过期" in refused["message"]
    assert control("POST", "/_emulator/phone/confirm_service", {"what": "S1"})[0] == 404


@pytest.mark.parametrize("mchid", ["", "a/b", "1\nX=2", "<b>", "\uff11"])
def test_a_merchant_without_a_number(emulator: Emulator, control: Client, mchid: str) -> None:
    """What is no number is refused: it would break the settings that are written of it, and the keys of records."""
    status, told = control("POST", "/_emulator/merchants", {"mchid": mchid})
    assert (status, told["message"]) == (400, "mchid must be a number, such as 1900000110")
    assert list(emulator.world.merchants) == [emulator.mchid]


def test_snapshots(emulator: Emulator, control: Client) -> None:
    """A snapshot is kept under a name, gone back to, and removed; merchants and keys stay as they are."""
    control("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": 1})
    assert control("POST", "/_emulator/snapshots", {"name": "fresh"})[0] == 201
    control("POST", "/_emulator/phone/pay", {"what": "A1"})
    control("POST", "/_emulator/merchants", {"mchid": "1900000110"})
    assert [told["name"] for told in control("GET", "/_emulator/snapshots")[1]] == ["fresh"]
    status, told = control("POST", "/_emulator/snapshots/fresh/restore", {})
    assert (status, told["records"]) == (200, {"orders": 1})
    assert ([order.state for order in emulator.orders], emulator.notifications) == (["NOTPAY"], [])
    assert "1900000110" in emulator.world.merchants
    assert control("DELETE", "/_emulator/snapshots/fresh")[0] == 200
    assert control("POST", "/_emulator/snapshots/fresh/restore", {})[0] == 404


def test_the_same_chance_again(control: Client) -> None:
    """Faults that strike a share of the calls strike the same ones after the same seed."""
    control("POST", "/_emulator/faults", {"effect": "page", "status": 503, "share": 0.5})

    def struck() -> list[int]:
        assert control("POST", "/_emulator/seed", {"seed": 7})[0] == 200
        return [control("GET", "/v3/certificates")[0] for _ in range(20)]

    first = struck()
    assert struck() == first
    assert set(first) == {503, 400}


def test_notifications_by_hand(emulator: Emulator, control: Client) -> None:
    """A notification is held back, sent by hand, and sent again with something wrong about it."""
    with open_shop() as shop:
        assert control("POST", "/_emulator/hold", {"held": True})[1] == {"held": True}
        made = control("POST", "/_emulator/notifications", {"kind": "REFUND.SUCCESS", "notify_url": shop.url})[1]
        control("POST", f"/_emulator/notifications/{made['number']}/send", {"flaw": "probe"})
        emulator.wait_for_sync(lambda: len(emulator.notifications[0].attempts) == 1)
        control("POST", "/_emulator/hold", {"held": False})
        emulator.wait_for_sync("REFUND.SUCCESS")
    assert [attempt["flaw"] for attempt in emulator.notifications[0].attempts] == ["probe", ""]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
    ],
)
def test_no_page_of_another_origin(emulator: Emulator, control: Client, headers: dict[str, str]) -> None:
    """Neither a page of another origin nor one that rebinds its name gets anything done."""
    assert control("POST", "/_emulator/reset", {}, **headers)[0] == 403
    link = emulator.add_order("A1", 1).code
    if "Content_Type" not in headers:
        assert control("POST", f"/_emulator/pay/{link}", b"act=pay", **headers)[0] == 403
    assert emulator.orders[0].state == "NOTPAY"


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_nothing_to_read_for_others(control: Client, headers: dict[str, str]) -> None:
    """What there is to read isn't for them either."""
    assert control("GET", "/_emulator/calls", **headers)[0] == 403
    assert control("GET", "/_emulator/events", **headers)[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_emulator/nothing", None, 404),
        ("PUT", "/_emulator/faults", {}, 405),
        ("POST", "/_emulator/orders", b"{", 400),
        ("POST", "/_emulator/orders", [], 400),
        ("POST", "/_emulator/orders", {"out_trade_no": "A1"}, 400),
        ("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": 1, "x": 1}, 400),
        ("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": True}, 400),
        ("POST", "/_emulator/orders", {"out_trade_no": "A1", "total": 0}, 400),
        ("GET", "/_emulator/calls?limit=x", None, 400),
        ("GET", "/_emulator/calls?limit=1&limit=2", None, 400),
        ("GET", "/_emulator/calls?x=1", None, 400),
    ],
)
def test_nonsense(control: Client, method: str, path: str, body: Any, status: int) -> None:
    """What makes no sense is refused with a text that says why."""
    found, told = control(method, path, body)
    assert (found, bool(told["message"])) == (status, True)


def test_events(emulator: Emulator, control: Client) -> None:
    """What happens comes as server-sent events."""
    connection = http.client.HTTPConnection(urlsplit(control.base_url).netloc, timeout=10)
    try:
        connection.request("GET", "/_emulator/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.readline().startswith(b":")
        answer.readline()
        emulator.add_order("A1", 29)
        assert answer.readline() == b"event: record\n"
        event = json.loads(answer.readline().removeprefix(b"data: "))
        assert (event["kind"], event["state"]) == ("orders", "NOTPAY")
    finally:
        connection.close()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def test_the_description_is_true(emulator: Emulator, control: Client) -> None:
    """Whatever the OpenAPI document allows or forbids, the running code agrees with it."""
    emulator.add_order("A1", 29)
    schema = schemathesis.openapi.from_url(f"{control.base_url}/_emulator/openapi.json")
    for found in schema.get_all_operations():
        operation: Any = found
        agrees(operation.ok().as_strategy())


def agrees(cases: Any) -> None:
    """Hold the code against some of an operation's cases."""

    @settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(cases)
    def each(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    each()
