"""What constructors take: whatever else is given is refused when an object is made, and not once it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from tests.notifications.sender import APIV3_KEY, certs
from wechatpay_chain import ConfigurationError, Merchants, RateLimits, Renewal, RetryPolicy, Timeout, Webhook, WeChatPay
from wechatpay_chain._arguments import a_function, a_number, check
from wechatpay_chain.credentials.renewal import Pace
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.policies.backoff import Backoff

ODD: Mapping[str, Any] = {
    "None": None,
    "x": "x",
    "-1": -1,
    "nan": nan,
    "[]": [],
    "object": object(),
    "True": True,
    "1e400": 10**400,
}


@cache
def credentials() -> dict[str, Any]:
    """Those of a merchant."""
    return Emulator().credentials()


def client(**given: Any) -> WeChatPay:
    """A client that needs no network."""
    return WeChatPay(**{**credentials(), **given})


def webhook(**given: Any) -> Webhook:
    """A webhook with keys."""
    return Webhook(**{"apiv3_key": APIV3_KEY, "certs": certs(), **given})


def backoff(**given: Any) -> Backoff:
    """Pauses."""
    return Backoff(**{"first": 1, "longest": 2, **given})


def merchants(**given: Any) -> Merchants:
    """A registry."""
    return Merchants(**given)


OF_CLIENTS = {
    "base_url": "",
    "timeout": "None",
    "session": "None",
    "transport": "None",
    "middlewares": "[]",
    "validate": "True",
    "renewal": "None",
    "prefer": "",
    "retry": "",
    "rate_limits": "None",
    "backups": "None []",
    "observe": "None",
    "clock": "",
    "correct_clock": "True",
    "brand": "None",
    "workwx_secret": "None x",
}
OF_WEBHOOKS = {
    "inbox": "None",
    "business_number": "None",
    "seen": "None",
    "seen_key": "",
    "deadline": "",
    "late": "",
    "sign_reply": "None",
    "max_body": "",
    "clock": "",
}
CONSTRUCTORS: Mapping[Callable[..., Any], Mapping[str, str]] = {
    client: {**OF_CLIENTS, "pipeline": "None", "apiv3_key": "None", "apiv2_key": "None", "mchid": "", "serial": ""},
    merchants: {**OF_CLIENTS, **OF_WEBHOOKS, "on_webhook": "None"},
    webhook: OF_WEBHOOKS | {"brand": "None", "private_key": "None", "apiv2_key": "None"},
    RetryPolicy: {"attempts": "", "base": "", "longest": ""},
    RateLimits: {"overrides": "", "wait": "True", "shared": "None"},
    Renewal: {
        "every": "",
        "cache": "None",
        "path": "None",
        "algorithm_type": "None",
        "from_notifications": "True",
        "warn_before": "",
        "on_expiring": "None",
        "pace": "",
        "monotonic": "",
        "sleep": "",
    },
    Pace: {"per_second": "", "monotonic": ""},
    backoff: {"first": "", "longest": "", "jitter": ""},
}
"""What makes an object, and each of its arguments with those odd values that it takes."""


def wrong() -> Iterator[Any]:
    """Each constructor with each of its arguments and each odd value that it doesn't take."""
    for make, arguments in CONSTRUCTORS.items():
        for argument, right in arguments.items():
            for name, value in ODD.items():
                if name not in right.split():
                    yield pytest.param(make, argument, value, id=f"{make.__name__}-{argument}-{name}")


@pytest.mark.parametrize(("make", "argument", "value"), [*wrong()])
def test_odd_values(make: Callable[..., Any], argument: str, value: Any) -> None:
    """An argument of another type, or out of its range, is named, with what was found and what to give."""
    with pytest.raises(ConfigurationError) as caught:
        make(**{argument: value})
    assert caught.value.argument.rpartition(".")[2] == argument
    assert caught.value.found
    assert caught.value.remedy
    assert "object at 0x" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "right"),
    [
        (
            merchants,
            {"timeout": 5, "deadline": 2.0, "middlewares": [print], "backups": ["https://api2.mch.weixin.qq.com"]},
        ),
        (webhook, {"deadline": inf, "max_body": 1e6}),
        (RetryPolicy, {"attempts": 1, "base": 1, "longest": 1}),
        (RateLimits, {"overrides": {"POST /v3/x": "6/s"}, "wait": False}),
        (Renewal, {"every": 60, "cache": Path("x.json"), "path": "/v3/certificates", "algorithm_type": "SM2"}),
        (Pace, {"per_second": inf}),
        (backoff, {"first": 2, "jitter": 0}),
    ],
)
def test_right_values(make: Callable[..., Any], right: dict[str, Any]) -> None:
    """What is documented is taken, at the ends of its range too."""
    assert make(**right) is not None


def test_a_timeout_is_a_number_of_seconds() -> None:
    """A boolean would be a second."""
    values: tuple[Any, ...] = (True, "5", nan, -1, [])
    for value in values:
        with pytest.raises(ConfigurationError, match=r"^timeout: "):
            Timeout(total=value)


@pytest.mark.parametrize("rate", [5, "6/year", ["6/s"], object(), True])
def test_rates(rate: Any) -> None:
    """A rate is a text, a `Rate` or several; an operation is a text."""
    with pytest.raises(ConfigurationError, match=r"overrides\['POST /v3/x'\]: .*Write '200/min'"):
        RateLimits(overrides={"POST /v3/x": rate})
    five: Any = 5
    with pytest.raises(ConfigurationError, match=r"overrides\[5\]: no operation"):
        RateLimits(overrides={five: "6/s"})


def test_only_the_arguments_that_are_given_are_checked() -> None:
    """Those that several objects share may be checked before there is any of them."""
    takes = {"lease": a_number(0, 10, "Give 0 to 9"), "clock": a_function("Give a function")}
    check(takes, lease=9, other=object())
    with pytest.raises(ConfigurationError, match=r"^seen\.lease: 10 was found\. Give 0 to 9$"):
        check(takes, "seen.", lease=10)
