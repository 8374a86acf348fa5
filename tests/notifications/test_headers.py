"""Headers in every shape that frameworks keep them in."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from types import MappingProxyType
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.notifications.sender import notify, webhook
from wechatpay_chain import ConfigurationError, SignatureError
from wechatpay_chain.notifications.headers import MOST_HEADERS, signature_headers
from wechatpay_chain.wire.v3 import SIGNED_HEADERS

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
    "lists of values": lambda headers: {name: [value] for name, value in headers.items()},
    "lists of values beside those of others": lambda headers: {
        "Via": ["a", "b"],
        **{name.lower(): (value.encode(),) for name, value in headers.items()},
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_demand_17_any_shape(shape: Callable[[Headers], Any]) -> None:
    """A notification opens from headers in any case and any framework's shape."""
    headers, body = notify()
    assert webhook().open(shape(headers), body).id == "EV-1"


@pytest.mark.parametrize("others", [(), ("Wechatpay-Signature-Type",)])
@pytest.mark.parametrize("name", SIGNED_HEADERS)
def test_one_that_was_renamed(name: str, others: tuple[str, ...]) -> None:
    """Of one that came under another name, that name is told, with and without the type, which isn't signed."""
    headers, body = notify()
    sent = {known: headers[known] for known in (*SIGNED_HEADERS, *others) if known != name}
    with pytest.raises(SignatureError, match=f"'X-Forwarded-{name}' came in place of '{name}'"):
        webhook().open({**sent, f"X-Forwarded-{name}": headers[name]}, body)


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


@pytest.mark.parametrize(
    ("value", "kind"), [([], "a list"), (7, "an int"), (None, "None"), ([{"value": "x"}], "a dict")]
)
def test_values_of_other_types(value: Any, kind: str) -> None:
    """A value that is no text, nor a list of one, is the caller's mistake."""
    headers, body = notify()
    with pytest.raises(ConfigurationError, match=rf"headers\['Wechatpay-Nonce'\]: {kind} was found"):
        webhook().open({**headers, "Wechatpay-Nonce": value}, body)


def test_two_values_in_a_list_are_refused() -> None:
    """A signature header whose list has two values came twice."""
    headers, body = notify()
    with pytest.raises(SignatureError, match="Wechatpay-Nonce is there twice"):
        webhook().open({**headers, "Wechatpay-Nonce": [headers["Wechatpay-Nonce"]] * 2}, body)


def scope(headers: Headers) -> dict[str, Any]:
    """What ASGI has around headers."""
    return {"type": "http", "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()]}


AROUND: dict[str, Callable[[Headers], Any]] = {
    "ASGI scope": scope,
    "a request that is a mapping of its scope": lambda headers: MappingProxyType(scope(headers)),
    "a gateway's event": lambda headers: {"httpMethod": "POST", "headers": headers, "body": "{}"},
}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
async def test_what_is_around_the_headers(around: Callable[[Headers], Any], caplog: pytest.LogCaptureFixture) -> None:
    """A scope, a request or an event in the headers' place is named as that: no proxy is blamed."""
    headers, body = notify()
    with pytest.raises(ConfigurationError, match=r"with more than headers was given\. Give the headers alone"):
        webhook().open(around(headers), body)
    assert (await webhook().dispatch(around(headers), body)).status == 500
    assert "Give the headers alone" in caplog.messages[0]


def test_mappings_of_name_and_value() -> None:
    """Headers as a list of mappings, as some content delivery networks have them, are the caller's mistake."""
    headers, body = notify()
    made: Any = [{"key": name, "value": value} for name, value in headers.items()]
    with pytest.raises(ConfigurationError, match="a list of mappings was given"):
        webhook().open(made, body)


def test_too_many() -> None:
    """A request with more headers than any real one has is refused before they are looked at."""
    with pytest.raises(SignatureError, match="headers"):
        signature_headers([("X", "y")] * (MOST_HEADERS + 1))
