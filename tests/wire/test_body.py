"""Payload to bytes: JSON and query strings, and everything that the platform would refuse."""

from __future__ import annotations

import json
import math
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from types import MappingProxyType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.path import check_query
from wechatpay_chain.http.secret import Secret
from wechatpay_chain.wire.body import encode_json, encode_query, floats, may_hold_floats

BEIJING = timezone(timedelta(hours=8))
LOCAL_MEAN = timezone(timedelta(hours=8, minutes=6))
"""What a zone of pytz has that is given as tzinfo."""
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
SCALARS = TEXT | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=12)
PAYLOADS = st.dictionaries(TEXT, JSON) | st.lists(JSON)


class Masked(str):
    """Writes another text than it holds, as the two below."""

    __slots__ = ()

    def __str__(self) -> str:
        return "***"


class Counted(int):
    def __str__(self) -> str:
        return f"{int(self)} pieces"


class Measured(float):
    def __repr__(self) -> str:
        return f"Measured({float(self)})"

    __str__ = __repr__


class Moment(datetime):
    def isoformat(self) -> str:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] # as pendulum's
        return "now"


class Word(str, Enum):  # noqa: UP042 - str(Word.ALL) is 'Word.ALL', unlike that of a StrEnum
    ALL = "ALL"


class Plain(Enum):
    YES = "yes"
    NOTHING = None


class Number(IntEnum):
    TWO = 2


@dataclass
class Point:
    x: int = 1


def refused(payload: Any, place: str, argument: str = "json") -> ConfigurationError:
    """The error of a payload, which must name the place."""
    with pytest.raises(ConfigurationError) as raised:
        encode_json(payload, argument)
    assert raised.value.argument == place
    return raised.value


class TestJson:
    @pytest.mark.parametrize(
        ("payload", "body"),
        [
            ({}, b"{}"),
            ([], b"[]"),
            ({"b": 1, "a": [True, False, 1.5, -2]}, b'{"b":1,"a":[true,false,1.5,-2]}'),
            ({"name": "张三 €"}, '{"name":"张三 €"}'.encode()),
            ({"a": '"\\\n\x00\x7f'}, b'{"a":"\\"\\\\\\n\\u0000\x7f"}'),
            ({"a": ("x", ("y",))}, b'{"a":["x",["y"]]}'),
            ({"n": 2**64 - 1, "m": -(2**63)}, b'{"n":18446744073709551615,"m":-9223372036854775808}'),
            (OrderedDict(a=OrderedDict(b=1)), b'{"a":{"b":1}}'),
            (MappingProxyType({"a": MappingProxyType({"b": 1})}), b'{"a":{"b":1}}'),
            ({"t": datetime(2026, 1, 1, 8, 30, 5, 999, tzinfo=BEIJING)}, b'{"t":"2026-01-01T08:30:05+08:00"}'),
            ({"t": datetime(2026, 1, 1, tzinfo=UTC)}, b'{"t":"2026-01-01T00:00:00+00:00"}'),
            ({"t": datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))}, b'{"t":"2026-01-01T00:00:00+08:00"}'),
            ({"t": datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Kathmandu"))}, b'{"t":"2026-01-01T00:00:00+05:45"}'),
            ({"t": datetime(2026, 1, 1, tzinfo=ZoneInfo("America/St_Johns"))}, b'{"t":"2026-01-01T00:00:00-03:30"}'),
            ({"t": Moment(2026, 1, 1, tzinfo=UTC)}, b'{"t":"2026-01-01T00:00:00+00:00"}'),
            ({"k": Word.ALL, "n": Number.TWO, "p": Plain.YES}, b'{"k":"ALL","n":2,"p":"yes"}'),
            ({"u": uuid.UUID(int=1)}, b'{"u":"00000000-0000-0000-0000-000000000001"}'),
        ],
    )
    def test_written_once_without_blanks(self, payload: Any, body: bytes) -> None:
        """Order is kept, Chinese is UTF-8, and values that have one obvious JSON form are written in it."""
        assert encode_json(payload) == body

    @settings(max_examples=25)
    @given(PAYLOADS)
    def test_round_trip(self, payload: Any) -> None:
        """The standard library reads back exactly what was given."""
        assert json.loads(encode_json(payload)) == payload

    @pytest.mark.parametrize("extra", [{}, {"k": "null"}, {"null": 1}, {"k": "a null b", "l": ["nullable"]}])
    @pytest.mark.parametrize(
        "value", ["x", 1, 1.5, True, [], {}, Word.ALL, Plain.YES, uuid.UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC),
                  MappingProxyType({"a": ("b",)})]
    )  # fmt: skip
    def test_the_word_null_is_no_null(self, value: Any, extra: dict[str, Any]) -> None:
        """A text or a name that merely holds the word goes out, whatever stands beside it."""
        assert encode_json({"v": value, **extra})

    @pytest.mark.parametrize(
        ("payload", "place", "found"),
        [
            ({"a": None}, "json/a", "null"),
            ({"a": [{"b": "null"}, {"c": None}]}, "json/a/1/c", "null"),
            ([1, None], "json/1", "null"),
            (({"x": (None,)},), "json/0/x/0", "null"),
            ({"a": Plain.NOTHING}, "json/a", "null"),
            ({"a": {"b": math.nan}}, "json/a/b", "nan"),
            ({"a": [math.inf]}, "json/a/0", "inf"),
            ({"a": -math.inf}, "json/a", "-inf"),
            ({"a": ["x", "好😀"]}, "json/a/1", "4-byte character U+1F600 at position 1"),
            ({"a": {"𠮷": 1}}, "json/a/𠮷", "U+20BB7 at position 0"),
            ({"a": {"b": "x\ud800"}}, "json/a/b", "lone surrogate at position 1"),
            ({"\udfff": 1}, "json/\udfff", "lone surrogate"),
            ({"a": {1: "x"}}, "json/a/1", "the key is an int"),
            ({None: 1}, "json/None", "the key is None"),
            pytest.param({"a": 10**5000}, "json/a", "an integer of more than 64 bits", id="huge"),
            ({Word.ALL: 1}, "json/Word.ALL", "the key is a Word"),
            ({"a": {(1, 2): 1}}, "json/a/(1, 2)", "the key is a tuple"),
            ({Secret("6222"): 1}, "json/Secret('***')", "the key is a Secret"),
            ({"a": {1, 2}}, "json/a", "a set is no JSON value"),
            ({"a": frozenset()}, "json/a", "a frozenset"),
            ({"a": b"x"}, "json/a", "a bytes"),
            ({"a": Decimal("1.5")}, "json/a", "a Decimal"),
            ({"a": object()}, "json/a", "an object"),
            ({"a": iter([1])}, "json/a", "a list_iterator"),
            ({"a": SimpleNamespace(b=1)}, "json/a", "a SimpleNamespace"),
            ({"a": Point()}, "json/a", "a Point"),
            ({"a": Point}, "json/a", "the class Point"),
            ({"a": Measured(1.5)}, "json/a", "a Measured"),
            ({"a": date(2026, 1, 1)}, "json/a", "a date"),
            ({"a": datetime(2026, 1, 1, tzinfo=LOCAL_MEAN)}, "json/a", "a datetime 8:06:00 from UTC"),
            ({"a": datetime(1900, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))}, "json/a", "a datetime 8:05:43 from UTC"),
            ({"a": [Secret("6222")]}, "json/a/0", "a Secret"),
            ({"a": datetime(2026, 1, 1)}, "json/a", "without a time zone"),  # noqa: DTZ001 - the mistake is the point
            ({"a": 2**64}, "json/a", "more than 64 bits"),
            ({"a": -(2**63) - 1}, "json/a", "more than 64 bits"),
        ],
    )
    def test_what_the_platform_would_refuse(self, payload: Any, place: str, found: str) -> None:
        """Every value that isn't the platform's JSON is refused by place and kind."""
        error = refused(payload, place)
        assert found in error.found
        assert "6222" not in str(error)

    def test_a_decimal_amount_is_told_in_fen(self) -> None:
        """Of an amount the remedy says how many fen it is: int(Decimal("0.01")) would be none."""
        error = refused({"amount": {"total": Decimal("0.01")}}, "json/amount/total")
        assert error.remedy == "Give an int: amounts are whole fen: 0.01 yuan are 1"
        error = refused({"amount": {"total": Measured(0.29)}}, "json/amount/total")
        assert error.remedy == "Give an int: amounts are whole fen: 0.29 yuan are 29"

    def test_the_argument_is_named(self) -> None:
        """Errors speak of the argument that the caller gave."""
        refused({"a": None}, "meta/a", "meta")

    @pytest.mark.parametrize("payload", ["{}", b"{}", 1, None, True, {1}, Secret("x"), Point(), "null"])
    def test_a_payload_is_a_mapping_or_a_list(self, payload: Any) -> None:
        """What was serialised already, or is no container, is refused, with the remedy."""
        assert refused(payload, "json").remedy == "Give a dict; it is serialised once, here"

    def test_cycles(self) -> None:
        """A payload that contains itself is refused and no recursion escapes, however it does so."""
        loop: dict[str, Any] = {}
        loop["a"] = [loop]
        row: list[Any] = []
        row.append(row)
        proxy: dict[str, Any] = {}
        proxy["p"] = MappingProxyType(proxy)
        for payload in (loop, row, proxy):
            refused(payload, "json")

    def test_too_deep(self) -> None:
        """The same with one that is nested deeper than anything is."""
        payload: Any = []
        for _ in range(3000):
            payload = [payload]
        refused(payload, "json")

    @settings(max_examples=40)
    @given(st.recursive(
        SCALARS | st.none() | st.text() | st.floats() | st.integers() | st.binary() | st.just(Secret("6222"))
        | st.datetimes() | st.dates() | st.decimals() | st.uuids() | st.sets(st.integers()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.none(), inner)
        | st.tuples(inner),
    ))  # fmt: skip
    def test_any_payload(self, payload: Any) -> None:
        """Anything is written without a null or a 4-byte character, or refused with a ConfigurationError."""
        try:
            body = encode_json(payload)
        except ConfigurationError:
            return
        assert all(ord(character) < 0x10000 for character in body.decode())
        json.loads(body, parse_constant=pytest.fail)

    @settings(max_examples=25)
    @given(PAYLOADS)
    def test_floats_are_found(self, payload: Any) -> None:
        """Wherever a float stands, the bytes are suspected, and the walk gives its pointer."""
        found = list(floats(payload))
        assert not found or may_hold_floats(encode_json(payload))
        for pointer, value in found:
            node = payload
            for name in pointer.split("/")[1:]:
                node = node[int(name)] if isinstance(node, list) else node[name.replace("~1", "/").replace("~0", "~")]
            assert node == value


class TestQuery:
    @pytest.mark.parametrize(
        ("params", "query"),
        [
            ({}, ""),
            ({"b": "2", "a": "1"}, "b=2&a=1"),
            ({"a": [1, "x"], "b": (2,), "c": []}, "a=1&a=x&b=2"),
            ({"a": True, "b": False, "c": 1.5, "d": -3, "e": ""}, "a=true&b=false&c=1.5&d=-3&e="),
            ({"a b": "张/三 +&=?#%"}, "a%20b=%E5%BC%A0%2F%E4%B8%89%20%2B%26%3D%3F%23%25"),
            ({"x": "it's|*@~"}, "x=it%27s%7C%2A%40~"),
            ({"k": Word.ALL, "n": Number.TWO, "p": Plain.YES}, "k=ALL&n=2&p=yes"),
            ({"k": Masked("a"), "n": Counted(2), "f": Measured(1.5), Masked("b"): "c"}, "k=a&n=2&f=1.5&b=c"),
            ({"a": "\r\nHost: evil"}, "a=%0D%0AHost%3A%20evil"),
        ],
    )
    def test_encoded_in_order(self, params: dict[str, Any], query: str) -> None:
        """Everything but unreserved characters is percent-encoded; lists repeat their name."""
        assert encode_query(params) == query

    @given(st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.lists(TEXT)))
    def test_parsing_gives_the_pairs_back(self, params: dict[str, Any]) -> None:
        """Another parser reads exactly what was given, and the query can go out as it stands."""
        query = encode_query(params)
        texts = {True: "true", False: "false"}
        pairs = [
            (name, texts[item] if isinstance(item, bool) else str(item))
            for name, value in params.items()
            for item in (value if isinstance(value, list) else [value])
        ]
        assert parse_qsl(query, keep_blank_values=True) == pairs
        check_query(query)

    @pytest.mark.parametrize(
        ("params", "argument"),
        [
            ({"a": None}, "params['a']"),
            ({"a": ["x", None]}, "params['a']"),
            ({"a": math.nan}, "params['a']"),
            ({"a": math.inf}, "params['a']"),
            ({"a": {"b": 1}}, "params['a']"),
            ({"a": b"x"}, "params['a']"),
            ({"a": [["x"]]}, "params['a']"),
            ({"a": Secret("6222")}, "params['a']"),
            ({"a": datetime(2026, 1, 1, tzinfo=UTC)}, "params['a']"),
            ({"a": "😀"}, "params['a']"),
            ({"a": "\ud800"}, "params['a']"),
            ({"😀": "a"}, "params"),
            ({1: "a"}, "params"),
            pytest.param({"a": 10**5000}, "params['a']", id="huge"),
            pytest.param({"a": [-(10**5000)]}, "params['a']", id="huge in a list"),
            ([("a", "b")], "params"),
            ("a=b", "params"),
        ],
    )
    def test_what_no_query_holds(self, params: Any, argument: str) -> None:
        """Other values, names and shapes are refused by name."""
        with pytest.raises(ConfigurationError) as raised:
            encode_query(params)
        assert raised.value.argument == argument
        assert "6222" not in str(raised.value)
