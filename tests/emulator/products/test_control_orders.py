"""The ledger of control orders, over a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.raw import PUNISH, QUERY, RECOVER, RawClient


@pytest.fixture
def punish_no(raw: RawClient) -> str:
    """The platform's number of a punishment in force."""
    number: str = raw.post(PUNISH, raw.punishment(punish_end_time="2030-01-01T00:00:00+08:00")).body["wxpay_punish_no"]
    return number


def effect(raw: RawClient) -> str:
    """The state of the punishment."""
    state: str = raw.send("GET", QUERY.format("P1", "PUNISH")).body["punish_order"]["effect_state"]
    return state


def test_punish_recover_query(raw: RawClient, punish_no: str) -> None:
    """An account is punished, released, and both orders can be queried by their numbers."""
    assert effect(raw) == "ACTIVE"
    recovered = raw.post(RECOVER, raw.recovery(punish_no))
    assert (recovered.status, recovered.body["out_request_no"]) == (200, "R1")
    assert effect(raw) == "RECOVERED"
    told = raw.send("GET", QUERY.format("R1", "RECOVER")).body
    assert told["control_scene"] == "RECOVER"
    assert told["recover_order"] | {"recover_accept_time": "", "recover_finish_time": ""} == {
        "wxpay_recover_no": recovered.body["wxpay_recover_no"],
        "out_request_no": "R1",
        "related_wxpay_punish_no": punish_no,
        "mchid": "1900000109",
        "punish_scene": "1",
        "punish_rule_version": "1",
        "recover_accept_time": "",
        "recover_finish_time": "",
        "recover_state": "SUCCESS",
        "recover_reason": "identity confirmed",
    }


def test_repeat_with_the_same_content(raw: RawClient, punish_no: str) -> None:
    """A repeat with the same number and content, encrypted anew, gives the same answer and changes nothing."""
    again = raw.post(PUNISH, raw.punishment(punish_end_time="2030-01-01T00:00:00+08:00"))
    assert (again.status, again.body["wxpay_punish_no"]) == (200, punish_no)
    first, second = (raw.post(RECOVER, raw.recovery(punish_no)) for _ in range(2))
    assert first.body == second.body


@pytest.mark.parametrize("change", [{"punish_scene": 2}, {"account": "6222 0000 2222"}, {"punish_reason": "more"}])
def test_repeat_with_other_content(raw: RawClient, punish_no: str, change: dict[str, Any]) -> None:
    """A number that was used with other content is refused, an account that differs in its ciphertext included."""
    answer = raw.post(PUNISH, raw.punishment(**{"punish_end_time": "2030-01-01T00:00:00+08:00", **change}))
    assert (answer.status, answer.body["code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "out_request_no" in answer.body["message"]
    assert answer.headers["Request-ID"].endswith("-268498688")


def test_recovery_repeated_with_other_content(raw: RawClient, punish_no: str) -> None:
    """The number of a recovery can't be used for another one."""
    raw.post(RECOVER, raw.recovery(punish_no))
    answer = raw.post(RECOVER, raw.recovery(punish_no, recover_reason="another"))
    assert answer.body["code"] == "RESOURCE_ALREADY_EXISTS"


def test_recover_what_was_not_punished(raw: RawClient, punish_no: str) -> None:
    """A recovery must name a punishment that exists."""
    assert raw.post(RECOVER, raw.recovery(punish_no + "0")).status == 404


@pytest.mark.parametrize("change", [{"account": "6222 0000 2222"}, {"mchid": "1900000110"}])
def test_recover_another_account(raw: RawClient, punish_no: str, change: dict[str, Any]) -> None:
    """A recovery must be of the account that was punished."""
    answer = raw.post(RECOVER, raw.recovery(punish_no, **change))
    assert (answer.status, answer.body["code"]) == (400, "PARAM_ERROR")
    assert effect(raw) == "ACTIVE"


def test_recover_twice(raw: RawClient, punish_no: str) -> None:
    """A punishment can be lifted once; a second recovery under a new number is refused."""
    assert raw.post(RECOVER, raw.recovery(punish_no)).status == 200
    answer = raw.post(RECOVER, raw.recovery(punish_no, "R2"))
    assert (answer.status, answer.body["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("target", [QUERY.format("P2", "PUNISH"), QUERY.format("P1", "RECOVER")])
@pytest.mark.usefixtures("punish_no")
def test_query_what_is_not_there(raw: RawClient, target: str) -> None:
    """An unknown number, and the number of an order of the other kind, are not found."""
    answer = raw.send("GET", target)
    assert (answer.status, answer.body["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert answer.headers["Request-ID"].endswith("-268512771")


@pytest.mark.usefixtures("punish_no")
def test_query_of_another_merchant(raw: RawClient) -> None:
    """An order is only told to who names its merchant."""
    assert raw.send("GET", QUERY.format("P1", "PUNISH").replace("1900000109", "1900000110")).status == 404
