"""The errors: tree, messages, attributes, pickling, and what they never show."""

from __future__ import annotations

import copy
import inspect
import pickle
import ssl
import traceback
from collections import OrderedDict
from typing import Any, get_args
from uuid import UUID

import pytest

from wechatpay_chain import errors
from wechatpay_chain.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    Outcome,
    RequestLine,
    ServerError,
    SignatureProbe,
    TimedOut,
    TrustError,
    WeChatPayError,
)
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.secret import Secret

CLASSES = sorted(
    (cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, WeChatPayError)),
    key=lambda cls: cls.__name__,
)
PARENTS = {
    "ConfigurationError": "WeChatPayError",
    "TransportError": "WeChatPayError",
    "ConnectionFailed": "TransportError",
    "TimedOut": "TransportError",
    "TrustError": "WeChatPayError",
    "SignatureError": "TrustError",
    "SignatureProbe": "SignatureError",
    "DecryptionError": "TrustError",
    "DecodeError": "TrustError",
    "APIError": "WeChatPayError",
    "Pending": "APIError",
    "BadRequest": "APIError",
    "Unauthorized": "APIError",
    "Forbidden": "APIError",
    "NotFound": "APIError",
    "RateLimited": "APIError",
    "ServerError": "APIError",
}
LINE = RequestLine("POST", "/v3/refund/{id}")


def make(cls: type[WeChatPayError]) -> WeChatPayError:
    """An error of a class, with everything on it that it can carry."""
    if issubclass(cls, ConfigurationError):
        error: WeChatPayError = cls("json/payer", "null", "Leave it out")
    elif issubclass(cls, APIError):
        error = cls(
            "500 SYSTEM_ERROR: 系统错误",
            status=500,
            code="SYSTEM_ERROR",
            reason="系统错误",
            detail={"field": ["/a", None]},
            headers=Headers({"Request-ID": "08", "X": "y"}),
            content=b'{"code":"SYSTEM_ERROR"}\xff',
            verified=True,
        )
    else:
        error = cls("what happened")
    if isinstance(error, TrustError):
        error.status, error.headers, error.content = 200, Headers({"Wechatpay-Serial": "1"}), b"\x00{}"
    error.request, error.request_id, error.attempts, error.outcome = LINE, "08F7-0", 3, "unknown"
    return error


def state(error: BaseException) -> dict[str, Any]:
    """Everything on an error, its arguments included."""
    return {"class": type(error), "args": error.args, **vars(error)}


def test_tree() -> None:
    """Every class stands under the parent that the documentation's tree draws, and there is no other class."""
    assert {cls.__name__: cls.__mro__[1].__name__ for cls in CLASSES if cls is not WeChatPayError} == PARENTS
    assert WeChatPayError.__base__ is Exception
    assert issubclass(ConfigurationError, ValueError)
    builtin = {cls.__name__: cls.__mro__[2:] for cls in CLASSES if issubclass(cls, ValueError | OSError)}
    assert {name: next(one for one in bases if one.__module__ == "builtins") for name, bases in builtin.items()} == {
        "ConfigurationError": ValueError,
        "ConnectionFailed": ConnectionError,
        "TimedOut": TimeoutError,
    }


@pytest.mark.parametrize(("kind", "builtin"), [(ConnectionFailed, ConnectionError), (TimedOut, TimeoutError)])
def test_failures_of_the_network_are_those_of_python_too(kind: type[WeChatPayError], builtin: type[OSError]) -> None:
    """Code that knows nothing of this package catches them by Python's own names, with the same text."""
    error = kind("what happened")
    error.request, error.outcome = LINE, "not_sent"
    with pytest.raises(builtin) as caught:
        raise error
    assert str(caught.value) == f"{LINE}: what happened"
    assert (error.errno, error.args) == (None, ("what happened",))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # of some only


def test_the_docstring_draws_every_class() -> None:
    """The tree in the module's docstring names every class."""
    assert errors.__doc__
    assert all(cls.__name__ in errors.__doc__ for cls in CLASSES)


def test_defaults() -> None:
    """A bare error has every attribute; only a mistake of the caller knows its outcome at once."""
    error = WeChatPayError("m")
    assert (error.message, error.request, error.request_id, error.attempts, error.outcome) == ("m", None, None, 0, None)
    trust = TrustError("m")
    assert (trust.status, trust.headers, trust.content) == (None, None, None)
    refusal = APIError("m")
    assert (refusal.status, refusal.code, refusal.reason, refusal.detail) == (0, "", "", None)
    assert (dict(refusal.headers), refusal.content, refusal.verified) == ({}, b"", False)
    assert ConfigurationError("a", "b", "c").outcome == "not_sent"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_survives_pickling(cls: type[WeChatPayError], protocol: int) -> None:
    """Class, arguments, every attribute, notes and the caller's own additions come back from a pickle."""
    error = make(cls)
    error.add_note("closest: /v3/refund")
    error.order = {"number": 7}  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue] # the caller's own
    back = pickle.loads(pickle.dumps(error, protocol))
    assert state(back) == state(error)
    assert (str(back), repr(back)) == (str(error), repr(error))


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_survives_copying(cls: type[WeChatPayError]) -> None:
    """A copy and a deep copy carry all that the error carries."""
    error = make(cls)
    assert state(copy.copy(error)) == state(error)
    assert state(copy.deepcopy(error)) == state(error)


def test_a_mistake_names_argument_finding_and_remedy() -> None:
    """A ConfigurationError says the three in its message and keeps them apart for programs."""
    error = ConfigurationError("json/payer", "null", "Leave it out")
    assert str(error) == error.message == "json/payer: null. Leave it out"
    assert (error.argument, error.found, error.remedy) == ("json/payer", "null", "Leave it out")
    with pytest.raises(ValueError, match="json/payer: null"):
        raise error


@pytest.mark.parametrize(
    ("method", "outcome", "advice"),
    [
        ("GET", "unknown", "Nothing was changed by it"),
        ("POST", "unknown", "never with a new number"),
        ("PUT", "unknown", "never with a new number"),
        ("PATCH", "unknown", "never with a new number"),
        ("DELETE", "unknown", "never with a new number"),
        ("POST", "rejected", None),
        ("POST", "not_sent", None),
        ("GET", "rejected", None),
        ("POST", None, None),
    ],
)
def test_an_unknown_outcome_says_what_to_do(method: str, outcome: Outcome | None, advice: str | None) -> None:
    """After an unknown outcome a read may simply be repeated, a write only with the same number; else no advice."""
    error = TimedOut("no answer")
    error.request, error.outcome = RequestLine(method, "/v3/x"), outcome
    text = str(error)
    assert text.startswith(f"{method} /v3/x: no answer")
    if advice is None:
        assert text == f"{method} /v3/x: no answer"
    else:
        assert text.startswith(f"{method} /v3/x: no answer. ")
        assert advice in text


def test_a_message_is_put_together() -> None:
    """Request line, message, Request-ID and advice follow each other."""
    error = ServerError("500 SYSTEM_ERROR: busy", status=500)
    assert str(error) == "500 SYSTEM_ERROR: busy"
    error.request_id = "08F7"
    assert str(error) == "500 SYSTEM_ERROR: busy [Request-ID 08F7]"
    error.request, error.outcome = LINE, "unknown"
    assert str(error).startswith(
        "POST /v3/refund/{id}: 500 SYSTEM_ERROR: busy [Request-ID 08F7]. Its outcome is unknown"
    )


def test_an_outcome_without_a_request_gives_no_advice() -> None:
    """What isn't about a call, a notification for one, doesn't speak of repeating it."""
    error = SignatureProbe("probe")
    error.outcome = "unknown"
    assert str(error) == "probe"


def test_no_error_shows_headers_or_content() -> None:
    """Neither text, repr nor traceback of an error holds the answer's headers or body."""
    headers = Headers({"Authorization": "TOPSECRET", "Set-Cookie": "TOPSECRET"})
    trust = DecodeError("not JSON")
    trust.headers, trust.content = headers, b"TOPSECRET"
    for error in (trust, APIError("400", status=400, headers=headers, content=b"TOPSECRET", detail="TOPSECRET")):
        shown = f"{error} {error!r} {''.join(traceback.format_exception(error))}"
        assert "TOPSECRET" not in shown
    assert "TOPSECRET" not in repr(headers)


def test_a_request_line_is_a_value() -> None:
    """It shows method and template, compares by them, and can't be changed."""
    assert str(LINE) == "POST /v3/refund/{id}"
    assert RequestLine("POST", "/v3/refund/{id}") == LINE
    with pytest.raises(AttributeError):
        LINE.method = "GET"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the misuse is the point


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("x\n2026-11-27 INFO refund of 1000000 fen done", r"x\n2026-11-27 INFO refund of 1000000 fen done"),
        ("a\x9b2Jb", r"a\x9b2Jb"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2028b", r"a\u2028b"),
        ("签名\u3000错误", "签名\u3000错误"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_a26_what_others_say_forges_no_line(said: str, told: str) -> None:
    """Control characters of an answer's text or its Request-ID are escaped, in the text of every error."""
    error = APIError(said, status=403, code=said)
    error.request_id = said
    assert error.message == told
    assert str(error) == f"{told} [Request-ID {told}]"
    assert errors.printable(error.brief) == error.brief
    assert errors.SignatureError(said).message == told
    assert errors.ConfigurationError("x", said, "y").message == f"x: {told}. y"


def test_a28_the_brief_of_an_error_quotes_nothing() -> None:
    """What goes into logs and spans is the kind, status, code and cause: nothing of a body or of a path."""
    refusal = APIError("502: <html>13800138000</html>", status=502, code="SYSTEM_ERROR")
    assert refusal.brief == "APIError 502 SYSTEM_ERROR"
    for code in ("13800138000", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "A" * 65, "A\nB"):
        assert APIError("502", status=502, code=code).brief == "APIError 502"
    unsigned = errors.SignatureError("13800138000").because(
        errors.Cause("headers-removed", "13800138000", "x", "likely")
    )
    assert unsigned.brief == "SignatureError (headers-removed)"
    assert errors.TimedOut("no answer within 5 s").brief == "TimedOut: no answer within 5 s"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (5, "an int"),
        (..., "an ellipsis"),
        (OrderedDict(), "an OrderedDict"),
        ({}, "a dict"),
        (UUID(int=5), "a UUID"),
        (ssl.create_default_context(), "an SSLContext"),
        (Secret("6222"), "a Secret"),
        (None, "None"),
        (Secret, "the class Secret"),
    ],
)
def test_types_have_their_article(value: object, told: str) -> None:
    """An error that says what was found, and not its value, reads as English."""
    assert errors.type_of(value) == told


def test_causes_are_told_the_surest_first() -> None:
    """An error tells the surest of its causes, keeps all of them, and pickles with them."""
    words = get_args(errors.Certainty)
    causes = [errors.Cause(word, f"it is {word}", "Mend it", word) for word in (words[2], words[0], words[1])]
    error = errors.SignatureError("no").because(*causes, None)
    assert str(error) == "no: it is proven. Mend it"
    assert [cause.name for cause in pickle.loads(pickle.dumps(error)).causes] == ["proven", "likely", "possible"]
    assert str(errors.SignatureError("no").because(causes[2])) == "no: probably it is likely. Mend it"
