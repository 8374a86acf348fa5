"""Arguments of a webhook that would show as wrong only when a notification comes."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from functools import partial, wraps
from typing import Any
from unittest.mock import Mock

import pytest

from tests.notifications.sender import APIV3_KEY, certs, notify, webhook
from wechatpay_chain import ConfigurationError, Notification, Webhook
from wechatpay_chain.notifications import MemorySeen, kinds


class Store:
    """An inbox."""

    def store(self, message: object) -> None:
        """Store it."""


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("late", "cancle", "'cancle' was found"),
        ("late", None, "None was found"),
        ("deadline", "4.5", "a str was found"),
        ("deadline", True, "True was found"),
        ("deadline", 0, "0 was found"),
        ("deadline", None, "None was found"),
        ("deadline", float("nan"), "nan was found"),
        ("max_body", -1, "-1 was found"),
        ("max_body", "1M", "a str was found"),
        ("seen", "redis://localhost", "a str was found"),
        ("seen", set(), "a set was found"),
        ("seen", MemorySeen, "the class MemorySeen was found"),
        ("inbox", {}, "a dict was found"),
        ("inbox", Store, "the class Store was found"),
        ("sign_reply", "SHA256", "a str was found"),
        ("seen_key", "out_trade_no", "a str was found"),
        ("business_number", "out_trade_no", "a str was found"),
        ("seen_key", None, "None was found"),
        ("clock", 5, "5 was found"),
        ("clock", None, "None was found"),
        ("brand", "1004", "a str was found"),
        ("certs", [b"-----BEGIN PUBLIC KEY-----"], "a list was found"),
        ("certs", "pub_key.pem", "a str was found"),
    ],
)
def test_what_would_fail_with_each_notification(name: str, value: Any, found: str) -> None:
    """It is refused when the webhook is made, under its name and with a remedy."""
    with pytest.raises(ConfigurationError) as caught:
        Webhook(**{"apiv3_key": APIV3_KEY, "certs": certs(), name: value})
    assert (caught.value.argument, caught.value.found) == (name, found)
    assert caught.value.remedy


@pytest.mark.parametrize("options", [{"deadline": float("inf")}, {"max_body": 1e6}, {"inbox": Store()}, {"seen": None}])
async def test_what_is_right(options: Any) -> None:
    """A time without end, a fraction of bytes and any object with the methods are taken."""
    headers, body = notify()
    assert webhook(**options).open(headers, body).id == "EV-1"


def handler(notification: Notification[Any]) -> None:
    """A handler."""


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (handler, "a function was found"),
        (["TRANSACTION.SUCCESS", "REFUND.SUCCESS"], "a list was found"),
        (5, "an int was found"),
        ("TRANSACTION.*", "'TRANSACTION.*' was found, and no event type is called so"),
        ("TRANSACTION.SUCCESS ", "'TRANSACTION.SUCCESS ' was found, and no event type is called so"),
    ],
)
def test_what_is_no_kind(kind: Any, found: str) -> None:
    """A decorator without parentheses, a list and a pattern would register nothing: each is refused with the form."""
    with pytest.raises(ConfigurationError) as caught:
        webhook().on(kind)
    assert (caught.value.argument, caught.value.found) == ("on", found)
    assert "@webhook.on(" in caught.value.remedy


def test_an_original_type_and_a_handler_of_other_types() -> None:
    """The second argument is a text, and what is registered can be called."""
    second: Any = handler
    with pytest.raises(ConfigurationError, match=r"^on: a function was found"):
        webhook().on("TRANSACTION.SUCCESS", second)
    nothing: Any = None
    with pytest.raises(ConfigurationError, match=r"^on: None was found"):
        webhook().on("TRANSACTION.SUCCESS")(nothing)


class Shop:
    """Handlers as methods."""

    def paid(self, notification: Notification[Any]) -> None:
        """One that is found in an object alone."""

    async def __call__(self, notification: Notification[Any]) -> None:
        """One that is called through its object."""


def yields(_: Notification[Any]) -> Iterator[None]:
    """A generator, which nobody asks for its values."""
    yield


async def yields_later(_: Notification[Any]) -> AsyncIterator[None]:
    """The same, in the event loop."""
    yield


def two(notification: Notification[Any], session: object) -> None:
    """One that wants more than it is given."""


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (Shop.paid, "Shop.paid was found, which can't take one argument"),
        (two, "two was found, which can't take one argument"),
        (lambda: None, "<lambda> was found, which can't take one argument"),
        (lambda *, notification: None, "<lambda> was found, which can't take one argument"),
        (yields, "yields was found, which yields and would never run"),
        (yields_later, "yields_later was found, which yields and would never run"),
    ],
)
def test_a_handler_that_could_not_run(function: Any, found: str) -> None:
    """It is refused when it is registered, not with the first payment."""
    with pytest.raises(ConfigurationError) as caught:
        webhook().on("TRANSACTION.SUCCESS")(function)
    assert caught.value.found.endswith(found)


def filled_in(function: Any) -> Any:
    """A decorator that gives what else a function wants."""

    @wraps(function)
    def call(notification: Any) -> Any:
        return function(notification, None)

    return call


def described(function: Any) -> Any:
    """The same, as libraries write it that keep the signature of what they wrap."""
    call = filled_in(lambda *arguments: function(*arguments))
    call.__signature__ = inspect.signature(function)
    return call


@pytest.mark.parametrize(
    "function",
    [
        Shop().paid,
        Shop(),
        filled_in(two),
        described(two),
        partial(two, session=None),
        lambda notification, times=3: None,
        lambda *everything: None,
        [].append,
        print,
        Mock(),
    ],
)
def test_a_handler_that_takes_a_notification(function: Any) -> None:
    """Methods, objects, partials, decorated ones and those of C are handlers."""
    assert webhook().on("TRANSACTION.SUCCESS")(function) is function


def test_one_handler_of_several_kinds() -> None:
    """Decorators may be stacked, of texts, kinds and none."""
    hook = webhook()
    assert hook.on("A.B")(hook.on(kinds.REFUND_SUCCESS)(hook.on()(handler))) is handler
