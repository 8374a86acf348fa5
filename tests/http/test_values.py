"""Headers, secrets, requests and answers as values."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from enum import Enum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.catalogue import find
from wechatpay_chain.errors import DecodeError, SignatureError, type_of
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.http.request import Request
from wechatpay_chain.http.response import Response, about
from wechatpay_chain.http.secret import Secret
from wechatpay_chain.http.value import frozen

PLAIN = "张三-6222000011112222"
NAMES = st.text("abcXYZ-", min_size=1, max_size=6)
VALUES = st.text("xyz 123", max_size=6)


class Spelled(str, Enum):  # noqa: UP042 - str(Spelled.NAME) is 'Spelled.NAME', unlike that of a StrEnum
    """Headers as some programs keep them."""

    NAME = "Accept-Language"
    VALUE = "en"


class Disguised(str):
    """Writes another text than it holds."""

    __slots__ = ()

    def __str__(self) -> str:
        return "Authorization"


def answer(**values: Any) -> Response[Any]:
    """An answer whose content may be anything."""
    return Response(**values)


class TestHeaders:
    def test_any_case(self) -> None:
        """A name is found in any case, and listed as it was written first."""
        headers = Headers({"Request-ID": "08"})
        assert headers["request-id"] == headers["REQUEST-ID"] == headers.get("Request-Id") == "08"
        assert "rEQUEST-iD" in headers
        assert list(headers) == ["Request-ID"]

    def test_absent(self) -> None:
        """An absent name is a KeyError, None by `get`, and what is no string is in no headers."""
        headers = Headers({"A": "1"})
        assert headers.get("B") is None
        assert 5 not in headers  # type: ignore[comparison-overlap] # the misuse is the point
        with pytest.raises(KeyError):
            headers["B"]

    def test_repeated_names_are_joined(self) -> None:
        """A name given twice, in whatever case, keeps both values, in order."""
        headers = Headers([("Via", "a"), ("X", "1"), ("VIA", "b")])
        assert dict(headers) == {"Via": "a, b", "X": "1"}
        assert len(headers) == 2

    @pytest.mark.parametrize("items", [{"A": 1}, {1: "A"}, {"A": None}, {"A": b"x"}, {"A": Secret("x")}])
    def test_only_strings(self, items: Any) -> None:
        """Whatever isn't str to str is a TypeError that names the types, at construction and when merging."""
        with pytest.raises(TypeError, match="headers are str to str"):
            Headers(items)
        with pytest.raises(TypeError, match="headers are str to str"):
            Headers().merge(items)

    @pytest.mark.parametrize(
        "items", ["ab", ["ab", "cd"], [("A",)], [("A", "1", "2")], 5, b"ab", {"A"}, [None], object()]
    )
    def test_something_else(self, items: Any) -> None:
        """What holds no pairs is a TypeError that shows how headers are given, and nothing of what was."""
        with pytest.raises(TypeError, match="headers are a mapping, or pairs of a name and a value, and not a"):
            Headers(items)

    def test_members_of_an_enumeration(self) -> None:
        """A text of a class of its own is taken as it is, not as that class writes it: what was checked goes out."""
        given: dict[str, str] = {Spelled.NAME: Spelled.VALUE, Disguised("X-Note"): Disguised("a")}
        for headers in (Headers(given), Headers([*given.items()]), Headers().merge(given)):
            assert [(type(name), type(value)) for name, value in headers.pairs()] == [(str, str)] * 2
            assert headers.as_dict() == {"Accept-Language": "en", "X-Note": "a"}
        assert Headers([(Spelled.NAME, Spelled.VALUE)] * 2)["accept-language"] == "en, en"

    def test_immutable(self) -> None:
        """Nothing can be set or deleted, and what they were made of may change without them."""
        source = {"A": "1"}
        headers = Headers(source)
        source["A"] = "2"
        assert headers["A"] == "1"
        with pytest.raises(TypeError):
            headers["A"] = "2"  # type: ignore[index] # pyright: ignore[reportIndexIssue] # the misuse is the point
        with pytest.raises(TypeError):
            del headers["A"]  # type: ignore[attr-defined] # pyright: ignore[reportIndexIssue] # the same
        with pytest.raises(AttributeError):
            headers.extra = 1  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue] # the same

    def test_merge_makes_new_ones(self) -> None:
        """What is laid over wins in any case; neither of the two changes."""
        lower, upper = Headers({"Accept": "*/*", "X": "1"}), Headers({"ACCEPT": "text", "Y": "2"})
        merged = lower.merge(upper)
        assert dict(merged) == {"ACCEPT": "text", "X": "1", "Y": "2"}
        assert dict(lower) == {"Accept": "*/*", "X": "1"}
        assert dict(upper) == {"ACCEPT": "text", "Y": "2"}

    @given(st.lists(st.tuples(NAMES, VALUES)))
    def test_equal_ones_hash_equal(self, pairs: list[tuple[str, str]]) -> None:
        """Two made of the same pairs are equal, as is a pickle and a copy of them, and so are their hashes."""
        one = Headers(pairs)
        for other in (Headers(pairs), pickle.loads(pickle.dumps(one)), copy.deepcopy(one), Headers(one)):
            assert other == one
            assert hash(other) == hash(one)

    @given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, VALUES))
    def test_merge_is_laid_over(self, lower: dict[str, str], upper: dict[str, str]) -> None:
        """Every name of the upper has the upper's value, every other that of the lower."""
        over = Headers(upper)
        merged = Headers(lower).merge(over)
        assert all(merged[name] == over[name] for name in upper)
        assert all(merged[name] == Headers(lower)[name] for name in lower if name not in over)
        assert len(merged) == len({name.lower() for name in (*lower, *upper)})

    def test_repr_shows_names_only(self) -> None:
        """A log with headers in it holds no Authorization."""
        shown = repr(Headers({"Authorization": PLAIN, "Accept": "x"}))
        assert shown == "<Headers Authorization, Accept>"


class TestCopies:
    def test_equal_to_what_the_constructor_makes(self) -> None:
        """A changed value is equal to one that was made so, and holds defaults for what it wasn't given."""
        whole = Request(method="POST", template="/v3/x", json={"a": 1}, attempt=2)
        made = Request(method="POST", template="/v3/x", json={"a": 1})
        assert made != whole
        assert made.changed(attempt=2) == whole
        assert replace(made, attempt=2) == whole.changed(attempt=2) == whole
        assert made.attempt == 1
        assert made.params is None

    def test_what_is_unknown_here_is_not_pickled(self) -> None:
        """Another process may know the operation that this one's catalogue lacks."""
        made = Request(method="POST", template="/v3/x", unknown=("POST", "/v3/x"))
        assert pickle.loads(pickle.dumps(made)).unknown is None

    def test_made_of_a_mapping(self) -> None:
        """It is what the constructor makes, and keeps nothing of the mapping."""
        given = {"status": 200, "content": b"{}"}
        made = Response[Any].of(given)
        given["status"] = 500
        assert made == Response(status=200, content=b"{}")

    def test_pickled_by_another_version(self) -> None:
        """Attributes that the version didn't have are the default ones, and copies can be made of it."""
        request = object.__new__(Request)
        request.__setstate__({"method": "POST", "template": "/v3/x", "path": "/v3/x"})
        assert request == Request(method="POST", template="/v3/x")
        assert request.changed(json={}) == Request(method="POST", template="/v3/x", json={})

    def test_pickled(self) -> None:
        """A changed answer can be pickled."""
        made: Response[Any] = Response(status=200, content=b"{}").changed(verified=True)
        assert pickle.loads(pickle.dumps(made)) == Response(status=200, content=b"{}", verified=True)

    def test_unknown_attributes(self) -> None:
        """A misspelt attribute is a TypeError that names it."""
        with pytest.raises(TypeError, match="Request has no boddy"):
            Request(method="GET", template="/", boddy=b"")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # misspelt
        with pytest.raises(TypeError, match="Request is made without template"):
            Request(method="GET")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # incomplete
        with pytest.raises(TypeError, match="Response has no state, stauts"):
            answer(status=200).changed(stauts=1, state=2)
        with pytest.raises(TypeError, match="Request has no boddy"):
            Request.of({"method": "GET", "template": "/", "boddy": b""})

    def test_frozen(self) -> None:
        """A value can't be changed in place."""
        made = Request(method="GET", template="/")
        with pytest.raises(FrozenInstanceError):
            made.method = "POST"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the misuse is the point


class TestSecret:
    def test_reveals_on_demand_only(self) -> None:
        """The plaintext comes from `reveal` alone: text, repr, formats and logs show stars."""
        secret = Secret(PLAIN)
        assert secret.reveal() == PLAIN
        record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %r", (secret, secret), None)
        for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, "{}".format(secret)):  # noqa: UP031, UP032 - every way
            assert shown == "Secret('***')"
        assert PLAIN not in record.getMessage()
        assert PLAIN not in repr({"name": [secret]})
        with pytest.raises(TypeError) as raised:
            f"{secret:>20}"
        assert PLAIN not in str(raised.value)

    @pytest.mark.parametrize("options", [0, orjson.OPT_PASSTHROUGH_DATACLASS, orjson.OPT_PASSTHROUGH_SUBCLASS])
    def test_is_not_serialised_by_orjson(self, options: int) -> None:
        """Orjson refuses it wherever it stands, and doesn't tell the plaintext."""
        for payload in (Secret(PLAIN), [Secret(PLAIN)], {"a": {"b": Secret(PLAIN)}}):
            with pytest.raises(TypeError) as raised:
                orjson.dumps(payload, option=options)
            assert PLAIN not in str(raised.value)

    def test_is_not_serialised_by_json(self) -> None:
        """The standard library refuses it; `default=str` writes stars, `default=vars` nothing."""
        with pytest.raises(TypeError):
            json.dumps({"a": Secret(PLAIN)})
        assert json.dumps(Secret(PLAIN), default=str) == "\"Secret('***')\""
        with pytest.raises(TypeError):
            json.dumps(Secret(PLAIN), default=vars)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_is_not_pickled(self, protocol: int) -> None:
        """A pickle would hold the plaintext, so there is none: of it, of a request with it in it."""
        request = Request(method="POST", template="/v3/x", json={"a": [Secret(PLAIN)]})
        for value in (Secret(PLAIN), [Secret(PLAIN)], request):
            with pytest.raises(TypeError, match="Secret is not pickled"):
                pickle.dumps(value, protocol)

    def test_copies_are_itself(self) -> None:
        """Copying a payload with a secret works, since a value that doesn't change needs no copy."""
        secret = Secret(PLAIN)
        assert copy.copy(secret) is secret
        assert copy.deepcopy({"a": [secret]})["a"][0] is secret

    @pytest.mark.parametrize("value", [None, 5, b"x", ["x"], Secret("x")])
    def test_takes_a_string(self, value: Any) -> None:
        """Anything else is a TypeError that names the type and not the value."""
        with pytest.raises(TypeError, match=f"takes a str, not {type_of(value)}"):
            Secret(value)

    def test_is_neither_str_nor_dataclass(self) -> None:
        """Serialisers that know strings, dataclasses and instance dicts find nothing."""
        secret: object = Secret(PLAIN)
        assert not isinstance(secret, str)
        assert not hasattr(secret, "__dataclass_fields__")
        assert not hasattr(secret, "__dict__")


class TestRequest:
    def test_repr_shows_no_value(self) -> None:
        """A request in a log shows method and template, and nothing that the caller put in."""
        values: dict[str, Any] = {name: {PLAIN: PLAIN} for name in ("json", "params", "xml", "meta")}
        request = Request(
            method="POST",
            template="/v3/x/{id}",
            path=f"/v3/x/{PLAIN}",
            headers=Headers({"X": PLAIN}),
            file=PLAIN.encode(),
            query=PLAIN,
            body=PLAIN.encode(),
            signed_body=PLAIN.encode(),
            **values,
        )
        assert repr(request) == "Request(method='POST', template='/v3/x/{id}')"
        assert str(request.line) == "POST /v3/x/{id}"
        assert PLAIN not in repr(Response(status=200, request=request, content=PLAIN.encode(), decrypted=b"x"))

    def test_an_answer_at_a_glance(self) -> None:
        """A REPL shows status, call and content, but no secret field; of an unknown operation, names alone."""
        operation = find("GET", "/v3/merchant-service/complaints-v2")
        assert operation is not None
        content = b'{"total_count":1,"data":[{"payer_phone":"' + PLAIN.encode() + b'","complaint_state":"PENDING"}]}'
        known = Request(method="GET", template="/v3/merchant-service/complaints-v2", operation=operation)
        shown = repr(Response(status=200, request=known, content=content, verified=True))
        assert shown.startswith("<Response 200 GET /v3/merchant-service/complaints-v2: {'total_count': 1, ")
        assert "'complaint_state': 'PENDING'" in shown
        assert PLAIN not in shown
        unknown = repr(Response(status=200, request=Request(method="GET", template="/v3/x"), content=content))
        assert unknown.endswith("'complaint_state': '***'}]}, not verified>")
        assert PLAIN not in unknown
        hostile = repr(Response(status=200, request=known, content=b'{"a":"\\u001b[31m' + b"x" * 1000 + b'"}'))
        assert "\x1b" not in hostile
        assert len(hostile) < 600
        deep = repr(Response(status=200, request=known, content=b"[" * 1000 + b"]" * 1000))
        assert deep.endswith(": 2000 bytes, not verified>")

    def test_path_and_target(self) -> None:
        """The path is the template unless it is given; the target has a question mark only before a query."""
        request = Request(method="GET", template="/v3/x")
        assert (request.path, request.target) == ("/v3/x", "/v3/x")
        assert replace(request, query="a=b").target == "/v3/x?a=b"
        assert Request(method="GET", template="/v3/{id}", path="/v3/1").target == "/v3/1"

    def test_frozen(self) -> None:
        """A request can't be changed, only replaced."""
        request = Request(method="GET", template="/v3/x")
        with pytest.raises(FrozenInstanceError):
            request.method = "POST"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the misuse is the point

    def test_pickles(self) -> None:
        """A request without a Secret comes back from a pickle, for task queues."""
        request = Request(method="POST", template="/v3/x", json={"a": 1}, headers=Headers({"A": "1"}))
        assert pickle.loads(pickle.dumps(request)) == request


class TestResponse:
    def test_text_and_request_id(self) -> None:
        """The text is UTF-8 with U+FFFD for what is none; the Request-ID is found in any case."""
        response = answer(status=200, headers=Headers({"Request-Id": "08"}), content=b"\xe5\xbc\xa0\xff")
        assert response.text == "张\ufffd"
        assert response.request_id == "08"
        odd = answer(status=200, headers=Headers({"Request-ID": "08\udcff\x1b[2J"}))
        assert odd.request_id == "08\\udcff\\x1b[2J"
        assert answer(status=204).request_id is None

    def test_json(self) -> None:
        """The content as Python values; decrypted fields win over the raw content; nothing for no content."""
        response = answer(status=200, content=b'{"a":"\xe5\xbc\xa0"}')
        assert response.json() == {"a": "张"}
        assert replace(response, decrypted=b'{"a":1}').json() == {"a": 1}
        assert replace(response, decrypted=b'{"a":1}').content == response.content
        assert answer(status=204).json() is None

    @given(st.binary() | st.text().map(str.encode) | st.from_regex(rb'[\[\]{}":0-9nulltrue,]{0,20}'))
    def test_any_content(self, content: bytes) -> None:
        """Whatever comes is either JSON or a DecodeError; its text can always be shown."""
        response = answer(status=200, content=content)
        assert isinstance(response.text, str)
        try:
            expected = orjson.loads(content) if content else None
        except orjson.JSONDecodeError:
            with pytest.raises(DecodeError) as raised:
                response.json()
            assert raised.value.content == content
        else:
            assert response.json() == expected

    def test_decode_error_tells_about_the_answer(self) -> None:
        """Status, type and size are in the message, the rest on the error; the content is shown nowhere."""
        request = Request(method="POST", template="/v3/x")
        headers = Headers({"Content-Type": "text/html", "Request-ID": "08"})
        response = answer(status=200, headers=headers, content=f"<p>{PLAIN}".encode(), request=request)
        with pytest.raises(DecodeError, match=r"\(200, text/html, \d+ bytes\) is not JSON") as raised:
            response.json()
        error = raised.value
        assert (error.status, error.headers, error.content) == (200, headers, response.content)
        assert (error.request_id, error.request, error.outcome) == ("08", request.line, "unknown")
        assert PLAIN not in "".join(traceback.format_exception(error))
        assert PLAIN.encode() not in pickle.dumps(error.args)

    def test_about_without_request(self) -> None:
        """An answer that nobody asked for has no request to speak of."""
        error = about(answer(status=200), SignatureError("m"))
        assert (error.request, error.status, error.outcome) == (None, 200, "unknown")

    def test_is_a_value(self) -> None:
        """Answers compare by what they hold, and `asdict` and pickling work."""
        response = answer(status=200, headers=Headers({"A": "1"}), content=b"{}")
        assert pickle.loads(pickle.dumps(response)) == response
        assert asdict(response)["status"] == 200


@frozen()
class _Point:
    x: int
    y: int = 2
    names: list[str] = field(default_factory=list[str], repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(self.x)


@frozen(kw_only=True)
class _Named:
    name: str


def test_a_frozen_class_is_made_as_a_dataclass_is() -> None:
    """Arguments come by place or by name, defaults fill in what is missing, and the class is checked after."""
    assert _Point(1) == _Point(1, 2) == _Point(x=1, y=2, names=["a"]) != _Point(1, 3)
    assert _Point(1).names is not _Point(1).names
    assert repr(_Point(1)) == "_Point(x=1, y=2)"
    assert len({_Point(1), _Point(1, 2), _Point(2)}) == 2
    assert replace(_Point(1), y=5) == _Point(1, 5)
    assert [item.name for item in fields(_Point)] == ["x", "y", "names"]
    with pytest.raises(ValueError, match="-1"):
        _Point(-1)


@pytest.mark.parametrize(
    ("by_place", "named"), [((), {}), ((1, 2, [], 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1})], ids=repr
)
def test_a_frozen_class_refuses_other_arguments(by_place: tuple[Any, ...], named: dict[str, Any]) -> None:
    """A missing argument, one too many, one given twice and an unknown one are TypeErrors."""
    with pytest.raises(TypeError, match="_Point"):
        _Point(*by_place, **named)
    with pytest.raises(TypeError, match="_Named"):
        _Named(*["by place"])  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]: the mistake that is tested


def test_a_frozen_class_stays_as_it_is() -> None:
    """Nothing can be set or deleted, there is no place for more, and copies and pickles are equal."""
    point = _Point(1, 5)
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]: the mistake that is tested
    with pytest.raises(FrozenInstanceError):
        del point.x  # pyright: ignore[reportAttributeAccessIssue]: the same
    assert not hasattr(point, "__dict__")
    assert pickle.loads(pickle.dumps(point)) == copy.deepcopy(point) == point


def test_a_frozen_dataclass_may_derive_from_a_frozen_class() -> None:
    """Callers may derive a dataclass of their own from a public value."""

    @dataclass(frozen=True)
    class Space(_Point):
        z: int = 0

    assert Space(1, 2, z=3).z == 3
