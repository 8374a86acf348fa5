"""The arguments of a `Webhook`, looked at when it is made: a wrong one would show only when a notification comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ..errors import ConfigurationError, type_of
from .router import Kind, Late

_CERTS = "Give a dict: {'PUB_KEY_ID_...': Path('wechatpay_public_key.pem')}, or the trust of a client: wxpay.trust"
_SEEN = "Give RedisSeen(Redis.from_url(...)), SqlSeen(engine), MemorySeen(), or an object with claim, confirm, release"
_INBOX = "Give SqlInbox(engine), DjangoInbox(), or an object with the method store"
_ON = 'Write @webhook.on("TRANSACTION.SUCCESS"), or @webhook.on() for everything else, with parentheses'
_METHODS = {
    "seen": (("claim", "confirm", "release"), _SEEN),
    "inbox": (("store",), _INBOX),
    "sign_reply": (("headers",), "Give AuthorizationSigner(...)"),
}


def check_certs(certs: object) -> None:
    """Refuse platform keys that aren't filed by their names.

    Raises:
        ConfigurationError: it is no mapping.
    """
    if not isinstance(certs, Mapping | None):
        raise _found("certs", certs, _CERTS)


def check_functions(**given: object) -> None:
    """Refuse arguments that can't be called.

    Args:
        given: each by its name; None for one that wasn't given.

    Raises:
        ConfigurationError: one is no function.
    """
    for name, value in given.items():
        if value is not None and not callable(value):
            raise _found(name, value, "Give a function: seen_key=lambda notification: notification.id, clock=time.time")


def check_objects(**given: object) -> None:
    """Refuse a store or a signer without its methods: `seen`, `inbox` and `sign_reply`.

    Args:
        given: each by its name; None for one that wasn't given.

    Raises:
        ConfigurationError: one lacks a method.
    """
    for name, value in given.items():
        methods, remedy = _METHODS[name]
        # A class has the methods too, but not the state that they need.
        if value is not None and (
            isinstance(value, type) or not all(callable(getattr(value, method, None)) for method in methods)
        ):
            raise _found(name, value, remedy)


def check_bounds(deadline: object, late: object, max_body: object) -> None:
    """Refuse bounds that aren't positive, and a word for handlers that are late which isn't one of the two.

    Raises:
        ConfigurationError: one is wrong.
    """
    for name, value, unit in (("deadline", deadline, "seconds"), ("max_body", max_body, "bytes")):
        if not isinstance(value, int | float) or not value > 0:
            raise ConfigurationError(name, f"{value!r} was found", f"Give a positive number of {unit}")
    if late not in get_args(Late):
        raise ConfigurationError("late", f"{late!r} was found", "Give 'finish' or 'cancel'")


def check_kind(kind: object, original_type: object) -> None:
    """Refuse what no notification can be of.

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
    """Refuse a handler that can't be called.

    Raises:
        ConfigurationError: it can't.
    """
    if not callable(function):
        raise _found("on", function, "Register a function, or a coroutine function, that takes the notification")


def _found(argument: str, value: object, remedy: str) -> ConfigurationError:
    return ConfigurationError(argument, f"{type_of(value)} was found", remedy)
