"""Headers in every shape that frameworks keep them in."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.notifications.sender import notify, webhook
from wechatpay_chain import ConfigurationError, SignatureError
from wechatpay_chain.notifications.headers import MOST_HEADERS, signature_headers

Headers = dict[str, str]


def http_message(headers: Headers) -> Message:
    """What http.client and http.server hold headers in."""
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


SHAPES: dict[str, Callable[[Headers], Any]] = {
    "as sent": dict,
    "lower case": lambda headers: {name.lower(): value for name, value in headers.items()},
    "upper case": lambda headers: {name.upper(): value for name, value in headers.items()},
    "bytes": lambda headers: {name.encode(): value.encode() for name, value in headers.items()},
    "ASGI": lambda headers: [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    "WSGI": lambda headers: {
        "wsgi.input": object(),
        "SERVER_PORT": "80",
        **{"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()},
    },
    "pairs from a generator": lambda headers: (pair for pair in headers.items()),
    "multidict": CIMultiDict,
    "http.client": http_message,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_demand_17_any_shape(shape: Callable[[Headers], Any]) -> None:
    """A notification opens from headers in any case and any framework's shape."""
    headers, body = notify()
    assert webhook().open(shape(headers), body).id == "EV-1"


@pytest.mark.parametrize("name", ["Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce"])
def test_twice_is_refused(name: str) -> None:
    """A signature header that is there twice is refused even if both are equal: a proxy may have read the other."""
    headers, body = notify()
    with pytest.raises(SignatureError, match=f"{name} is there twice"):
        webhook().open([*headers.items(), (name.lower(), headers[name])], body)


def test_other_headers_may_repeat() -> None:
    """Headers that sign nothing may repeat, as proxies repeat `Via`."""
    headers, body = notify()
    assert webhook().open([*headers.items(), ("Via", "a"), ("Via", "b")], body).id == "EV-1"


@pytest.mark.parametrize("made", [None, 7, "Wechatpay-Serial: x", [1, 2], [("a", "b", "c")], {1: "x"}])
def test_no_headers(made: Any) -> None:
    """What holds no headers is the caller's mistake, with the remedy."""
    with pytest.raises(ConfigurationError, match=r"headers.*ASGI"):
        webhook().open(made, notify()[1])


def test_values_of_other_types() -> None:
    """A list of values, as some gateways give them, is the caller's mistake."""
    headers, body = notify()
    with pytest.raises(ConfigurationError, match="a list was found"):
        webhook().open({name: [value] for name, value in headers.items()}, body)


def test_too_many() -> None:
    """A request with more headers than any real one has is refused before they are looked at."""
    with pytest.raises(SignatureError, match="headers"):
        signature_headers([("X", "y")] * (MOST_HEADERS + 1))
