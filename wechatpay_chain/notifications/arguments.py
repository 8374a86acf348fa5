"""Checks of a `Webhook`'s arguments, so that a wrong one is refused before the first notification comes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_args

from .._arguments import SECONDS, Takes, a_function, check, is_function, is_number, one_of, with_methods
from ..errors import ConfigurationError, type_of
from .router import Kind, Late

_CERTS = "Give a dict: {'PUB_KEY_ID_...': Path('pub_key.pem')}, or the trust of a client: wxpay.trust"
_SEEN = "Give RedisSeen(Redis.from_url(...)), SqlSeen(engine), MemorySeen(), or an object with claim, confirm, release"
_INBOX = "Give SqlInbox(engine), DjangoInbox(), or an object with the method store"
_ON = 'Write @webhook.on("TRANSACTION.SUCCESS"), or @webhook.on() for everything else, with parentheses'
_HANDLER = "Register a function, or a coroutine function, that takes the notification"
_TAKES = {
    "deadline": SECONDS,
    "max_body": Takes(lambda value: is_number(value) and value > 0, "Give a positive number of bytes"),
    "late": one_of(get_args(Late), "Give 'finish' or 'cancel'"),
    "seen_key": a_function("Give a function, such as lambda notification: notification.id"),
    "business_number": a_function("Give a function that takes the notification and returns the number").or_none(),
    "clock": a_function("Give a function that returns Unix time in seconds, such as time.time"),
    "seen": with_methods("claim", "confirm", "release", remedy=_SEEN).or_none(),
    "inbox": with_methods("store", remedy=_INBOX).or_none(),
    "sign_reply": with_methods("headers", remedy="Give AuthorizationSigner(...)").or_none(),
}

_RECEIVER = {"webhook": with_methods("dispatch", remedy="Give Webhook(apiv3_key=..., certs={...})")}


def check_webhook(**given: Any) -> None:
    """Refuse wrong arguments of a webhook, except its keys.

    Args:
        given: some of the arguments, by name.

    Raises:
        ConfigurationError: one is wrong.
    """
    check(_TAKES, **given)


def check_receiver(webhook: object) -> None:
    """Refuse an object that is no webhook, before a framework calls it.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check(_RECEIVER, webhook=webhook)


def check_certs(certs: object) -> None:
    """Refuse platform keys that aren't a mapping of their names.

    Raises:
        ConfigurationError: it is no mapping.
    """
    if not isinstance(certs, Mapping | None):
        raise _found("certs", certs, _CERTS)


def check_kind(kind: object, original_type: object) -> None:
    """Refuse a kind that no notification can have.

    Raises:
        ConfigurationError: the decorator was written without parentheses, or this is no event type.
    """
    if not isinstance(kind, str | Kind | None):
        raise _found("on", kind, f"{_ON}; one function may have several such lines")
    if isinstance(kind, str) and (kind != kind.strip() or "*" in kind):
        raise ConfigurationError("on", f"{kind!r} was found, and no event type is called so", _ON)
    if not isinstance(original_type, str | None):
        raise _found("on", original_type, "Give the original type as a text, such as 'transaction', or leave it out")


def check_handler(function: Any) -> None:
    """Refuse a handler that can't be called with a notification, or whose body wouldn't run.

    Raises:
        ConfigurationError: it can't, or it is a generator function.
    """
    if not is_function(function):
        raise _found("on", function, _HANDLER)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError("on", f"{_named(function)} was found, which yields and would never run", _HANDLER)
    if not _takes_one(function):
        raise ConfigurationError("on", f"{_named(function)} was found, which can't take one argument", _HANDLER)


def _takes_one(function: Any) -> bool:
    """Whether a function can be called with one argument, as far as it says."""
    if hasattr(function, "__signature__"):
        return True  # of a decorator that may fill in the rest
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # of one that is written in C
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def _named(function: Any) -> str:
    return str(getattr(function, "__qualname__", type_of(function)))


def check_around(around: object, *, in_calling_thread: bool) -> None:
    """Refuse an `around` that is no function, or would never be called.

    Raises:
        ConfigurationError: it is no function, or handlers run in other threads.
    """
    if around is None:
        return
    if not is_function(around):
        raise _found(
            "around", around, "Give a function that calls the one that it is given, and returns what it returned"
        )
    if not in_calling_thread:
        raise ConfigurationError("around", "it was given for handlers in other threads", "Add in_calling_thread=True")


def _found(argument: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError(argument, f"{type_of(value)} was found", remedy)
