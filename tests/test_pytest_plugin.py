"""The plugin of pytest, as a project's tests use it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

_TESTS = """
import asyncio

def order(number):
    return {"appid": "wx2421b1c4370ec43b", "mchid": "1900000109", "description": "x", "out_trade_no": number,
            "notify_url": "https://shop.example/notify", "amount": {"total": 1}}

def test_good(wechatpay_emulator, wxpay):
    wxpay["v3/pay/transactions/native"].post(json=order("A1B2C3"))
    assert wechatpay_emulator.pay("A1B2C3").state == "SUCCESS"

def test_bad(wechatpay_emulator, wxpay):
    assert wechatpay_emulator.orders == []
    wxpay["v3/pay/transactions/native"].post(json=order("D4E5F6"))
    wechatpay_emulator.pay("D4E5F6")
    wechatpay_emulator.deliver_sync()
    assert False
"""


def test_fixtures(pytester: pytest.Pytester) -> None:
    """Each test has a platform of its own; one that fails shows its calls and notifications, others show nothing."""
    pytester.makepyfile(_TESTS)
    result = pytester.runpytest_inprocess(
        "-p", "wechatpay_chain.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:asyncio"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*calls to the WeChat Pay emulator*",
            "POST /v3/pay/transactions/native -> 200",
            "TRANSACTION.SUCCESS to https://shop.example/notify is UNDELIVERABLE after 1: shop.example is not this *",
        ]
    )
    assert "A1B2C3" not in result.stdout.str().partition("calls to the WeChat Pay emulator")[2]


def test_costs_nothing_unused() -> None:
    """A project whose tests don't use it pays for no part of the emulator, nor for cryptography or aiohttp."""
    program = (
        "import pytest, sys; before = set(sys.modules); import wechatpay_chain.pytest_plugin; "
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('_')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} <= {"wechatpay_chain"}
    assert "wechatpay_chain.emulator" not in done.stdout


def test_is_registered() -> None:
    """The package registers it under the module's own name, so that naming it once more does no harm."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    name = "wechatpay_chain.pytest_plugin"
    assert project["entry-points"]["pytest11"] == {name: name}
