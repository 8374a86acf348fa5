"""The options of a client: one frozen value, checked as a whole, shared by everything that makes clients."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing
from dataclasses import FrozenInstanceError, fields
from typing import Any

import aiohttp
import pytest

from wechatpay_chain import ConfigurationError, RetryPolicy, Timeout, WeChatPay
from wechatpay_chain.client.options import Arguments, FurtherArguments, Options
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.middleware import Verify, standard

ECHO, MESSAGE = "/v3/security/echo", {"echo_message": "a"}


def test_the_typed_arguments_are_those_of_the_value() -> None:
    """What checkers accept by `Unpack` is exactly what `Options` is made of, so neither can be forgotten."""
    given = [item.name for item in fields(Options) if item.init]
    assert sorted(Arguments.__optional_keys__) == sorted(given)
    assert not Arguments.__required_keys__
    first = list(inspect.signature(WeChatPay).parameters)[:4]
    assert sorted([*first, *FurtherArguments.__optional_keys__]) == sorted(given)
    assert typing.get_origin(FurtherArguments) is None


def test_every_argument_is_described() -> None:
    """The docstring of `Options` describes each argument, and the one of `WeChatPay` names it."""
    for item in fields(Options):
        assert f"\n    {item.name}: " in (inspect.getdoc(Options) or ""), item.name
        assert (
            f"`{item.name}`" in (WeChatPay.__doc__ or "")
            or f" {item.name}: " in (WeChatPay.__doc__ or "")
            or (not item.init)
        )


def test_they_are_frozen_and_changed_by_copying(emulator: Emulator) -> None:
    """A change is another value; the first one stays as it is, and a mistake in the change is found at once."""
    options = Options(**emulator.credentials(), timeout=5)
    with pytest.raises(FrozenInstanceError):
        options.timeout = 6  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen
    longer = options.changed(timeout=7, retry=RetryPolicy(attempts=1))
    assert (options.timeouts, longer.timeouts) == (Timeout(total=5), Timeout(total=7))
    assert (options.retry.attempts, longer.retry.attempts) == (4, 1)
    assert longer.mchid == options.mchid
    with pytest.raises(ConfigurationError, match="timeout"):
        options.changed(timeout=-1)


def test_no_secret_shows(emulator: Emulator) -> None:
    """Neither repr nor pickle holds a key."""
    credentials = emulator.credentials()
    options = Options(**credentials, workwx_secret="the secret of WeCom")
    assert repr(options) == f"Options(mchid='{emulator.mchid}', base_url='https://api.mch.weixin.qq.com')"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(options)


def test_a_copy_of_what_is_frozen_is_itself(emulator: Emulator) -> None:
    """Options may stand in a dict that is copied, as settings are."""
    options = Options(**emulator.credentials())
    assert copy.copy(options) is copy.deepcopy({"options": options})["options"] is options


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"retry": 3}, "retry"),
        ({"backups": ["ftp://x"]}, "backups[0]"),
        ({"base_url": "http://api.mch.weixin.qq.com"}, "base_url"),
        ({"timeout": 0}, "timeout"),
        ({"mchid": 1}, "mchid"),
    ],
)
def test_all_is_checked_when_they_are_made(emulator: Emulator, changes: dict[str, Any], argument: str) -> None:
    """A wrong argument is named before there is any client."""
    with pytest.raises(ConfigurationError) as caught:
        Options(**{**emulator.credentials(), **changes})
    assert caught.value.argument == argument


def test_an_unknown_argument_is_a_type_error(emulator: Emulator) -> None:
    """A misspelt keyword fails as on any function."""
    misspelt: Any = {"time_out": 5}
    with pytest.raises(TypeError, match="time_out"):
        WeChatPay(**emulator.credentials(), **misspelt)


async def test_another_client_with_other_options(emulator: Emulator) -> None:
    """`with_options` makes a client of the same merchant; what isn't named stays, and the two are closed apart."""
    async with WeChatPay(**emulator.credentials(), transport=emulator, timeout=5) as wxpay:
        async with wxpay.with_options(retry=RetryPolicy(attempts=1)) as other:
            assert other.options.timeouts == wxpay.options.timeouts == Timeout(total=5)
            assert (other.options.retry.attempts, wxpay.options.retry.attempts) == (1, 4)
            assert (await other.chain(ECHO).post(json=MESSAGE)).verified
        assert (await wxpay.chain(ECHO).post(json=MESSAGE)).verified


def test_standard_steps_come_from_options(emulator: Emulator) -> None:
    """`standard` takes the very value, that of a client too, and builds new steps each time."""
    options = Options(**emulator.credentials(), validate=True, rate_limits=None)
    names = [type(step).__name__ for step in standard(options)]
    assert names[0] == "Validate"
    assert "RateLimit" not in names
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    first, second = ([step for step in standard(wxpay.options) if isinstance(step, Verify)] for _ in "ab")
    assert first[0] is not second[0]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("prefer", "cert", "'cert' was found"),
        ("prefer", None, "None was found"),
        ("transport", "http://127.0.0.1", "a str was found"),
        ("observe", [print], "a list was found"),
        ("clock", 1_700_000_000, "1700000000 was found"),
        ("clock", None, "None was found"),
        ("session", "http://127.0.0.1", "a str was found"),
        ("session", aiohttp.ClientSession, "the class ClientSession was found"),
        ("middlewares", None, "None was found"),
        ("middlewares", "x", "a str was found"),
        ("middlewares", print, "a builtin_function_or_method was found"),
        ("middlewares", (step for step in [print]), "a generator was found"),
        ("middlewares", ["x"], "a list was found"),
        ("pipeline", 5, "5 was found"),
        ("pipeline", [None], "a list was found"),
        ("backups", "https://api2.mch.weixin.qq.com", "a str was found"),
        ("backups", -1, "-1 was found"),
        ("validate", "false", "a str was found"),
        ("correct_clock", "no", "a str was found"),
        ("workwx_secret", 5, "5 was found"),
        ("retry", RetryPolicy, "the class RetryPolicy was found"),
        ("rate_limits", "6/s", "a str was found"),
        ("renewal", True, "True was found"),
        ("brand", "1004", "a str was found"),
        ("base_url", None, "None was found"),
        ("base_url", b"https://api.mch.weixin.qq.com", "a bytes was found"),
    ],
)
def test_what_would_fail_with_each_call(emulator: Emulator, name: str, value: Any, found: str) -> None:
    """It is refused when the client is made, under its name and with a remedy."""
    with pytest.raises(ConfigurationError) as caught:
        WeChatPay(**{**emulator.credentials(), name: value})
    assert (caught.value.argument, caught.value.found) == (name, found)
    assert caught.value.remedy
