"""`examine`: a shop that does everything right, and shops that each do one thing wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from wechatpay_chain import Request, Response, Webhook
from wechatpay_chain.cli import main
from wechatpay_chain.cli.examination import CASES, Must, judge
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening
from wechatpay_chain.http.headers import Headers

Answer = Callable[[Webhook, Request], int]


def careful(webhook: Webhook, request: Request) -> int:
    """A shop as it should be."""
    return asyncio.run(_dispatched(webhook, request))


async def _dispatched(webhook: Webhook, request: Request) -> int:
    return (await webhook.dispatch(request.headers, request.body or b"")).status


def credulous(_webhook: Webhook, _request: Request) -> int:
    """A shop that checks nothing."""
    return 200


@contextmanager
def shop(emulator: Emulator, answer: Answer) -> Iterator[str]:
    """A shop on a port; its address."""
    given = emulator.credentials()
    webhook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])

    @webhook.on("TRANSACTION.SUCCESS", "transaction")
    async def paid(notification: Any) -> None:
        pass

    async def receive(request: Request) -> Response[Any]:
        return Response(status=await asyncio.to_thread(answer, webhook, request), headers=Headers())

    with Listening(receive, "127.0.0.1", 0) as url:
        yield f"{url}/notify"


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (careful, []),
        (
            credulous,
            ["altered on its way", "without a signature", "a signature probe", "ten minutes old", "another merchant's"],
        ),
    ],
)
def test_shops(emulator: Emulator, answer: Answer, wrong: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """What a shop does wrong is named, and the exit code says whether there is anything."""
    with emulator.listen() as base_url, shop(emulator, answer) as address:
        code = main(["examine", address, "--url", base_url, "--json", "--out-trade-no", "A1"])
        told = json.loads(capfd.readouterr().out)
        assert [case["case"] for case in told if not case["good"]] == wrong
        assert code == (1 if wrong else 0)
        assert main(["examine", address, "--url", base_url]) == code
        text = capfd.readouterr().out
    assert ("otherwise" in text) is bool(wrong)


def test_only_this_machine(capfd: pytest.CaptureFixture[str]) -> None:
    """Only a shop on this machine is examined."""
    assert main(["examine", "https://shop.example/notify"]) == 2
    assert "not on this machine" in capfd.readouterr().err


def test_nobody_listens(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """A shop that isn't running is not judged: that is told, once."""
    with emulator.listen() as base_url:
        for address in ("http://127.0.0.1:9/notify", "http://127.0.0.1:99999/notify"):
            assert main(["examine", address, "--url", base_url]) == 2
            shown = capfd.readouterr()
            assert (shown.out, f"nothing answers at {address} (" in shown.err) == ("", True)


@pytest.mark.parametrize(
    ("must", "attempts", "good"),
    [
        ("take", [{"status": 204, "error": ""}], True),
        ("take", [{"status": 200, "error": ""}, {"status": 500, "error": ""}], False),
        ("take one", [{"status": 503, "error": ""}, {"status": 200, "error": ""}], True),
        ("take one", [{"status": 200, "error": ""}, {"status": 200, "error": ""}], True),
        ("take one", [{"status": 503, "error": ""}, {"status": 503, "error": ""}], False),
        ("take one", [{"status": 200, "error": ""}, {"status": 500, "error": ""}], False),
        ("refuse", [{"status": 401, "error": ""}], True),
        ("refuse", [{"status": None, "error": "no answer within 5 s"}], False),
        ("answer", [{"status": 500, "error": ""}], True),
        ("answer", [{"status": None, "error": "no answer within 5 s"}], False),
        ("answer", [], False),
    ],
)
def test_verdicts(must: Must, attempts: list[dict[str, Any]], good: bool) -> None:
    """Silence is always wrong; a refusal where something must be taken, and the other way round."""
    case = next(case for case in CASES if case.must == must)
    assert judge(case, attempts).good is good
