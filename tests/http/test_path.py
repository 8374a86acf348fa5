"""How paths are spelled, checked and filled."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError, type_of
from wechatpay_chain.http.path import (
    attribute_segment,
    check_path,
    check_query,
    expand,
    join,
    literal_path,
    placeholders,
)
from wechatpay_chain.http.secret import Secret

PCHAR = "abcXYZ019-._~!$&'()*+,;=:@"
# Of other frameworks, and refused.
OTHER_PLACEHOLDER = re.compile(r"[:$][A-Za-z_][A-Za-z0-9_]*\$?")
SEGMENTS = (
    st.text(PCHAR, min_size=1, max_size=12)
    .filter(lambda segment: segment.partition(";")[0] not in {".", ".."})
    .filter(lambda segment: not OTHER_PLACEHOLDER.fullmatch(segment))
)
ENCODED = st.sampled_from(["%E5%BC%A0", "%7E", "%2a", "%40", "%20", "a%2Fb"])
PLACEHOLDERS = st.from_regex(r"\{[A-Za-z_][A-Za-z0-9_]{0,8}\}", fullmatch=True)
PATHS = st.lists(SEGMENTS | ENCODED | PLACEHOLDERS, min_size=1, max_size=5).map("/".join)
TEXTS = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), min_size=1, max_size=30)


class Word(str, Enum):  # noqa: UP042 - str(Word.TRADE) is 'Word.TRADE', unlike that of a StrEnum
    TRADE = "tradebill"


class Number(IntEnum):
    ONE = 1


class Masked(str):
    """A number of an order that shows itself in no log."""

    __slots__ = ()

    def __str__(self) -> str:
        return "***"


class Counted(int):
    """A number that writes itself with its unit."""

    def __str__(self) -> str:
        return f"{int(self)} pieces"


class TestAttributes:
    @pytest.mark.parametrize(
        ("name", "segment"),
        [
            ("v3", "v3"),
            ("aggracctBc", "aggracct-bc"),
            ("wbChannel", "wb-channel"),
            ("controlOrders", "control-orders"),
            ("complaintsV2", "complaints-v2"),
            ("aBCd", "a-b-cd"),
            ("video_upload", "video_upload"),
            ("outTradeNo_x", "out-trade-no_x"),
            ("global_", "global"),
            ("return_", "return"),
            ("import_", "import"),
            ("global__", "global_"),
            ("3ds", "3ds"),
            ("_transaction_id_", "{transaction_id}"),
            ("_id_", "{id}"),
            ("_outTradeNo_", "{outTradeNo}"),
        ],
    )
    def test_spelling(self, name: str, segment: str) -> None:
        """A capital starts a hyphenated word, underscores stay, a trailing one falls, _x_ is a placeholder."""
        assert attribute_segment(name) == segment

    @pytest.mark.parametrize(
        "name",
        ["", "_", "__", "_x", "x-y", "X", "Foo", "__wrapped__", "__len__", "_repr_", "_repr_html_", "_ipython_display_",
         "_ipython_canary_method_should_not_exist_", "_1_", "été", "张三", "a b", "a\n", "\na", "a.b", "a/b", "{id}",
         "_a\n_", "a?", "a%20"],
    )  # fmt: skip
    def test_no_segment(self, name: str) -> None:
        """Private names, what tools probe for, and what no path holds are AttributeErrors that say how to write it."""
        with pytest.raises(AttributeError, match="is not a path segment"):
            attribute_segment(name)

    @given(st.text(max_size=20) | st.from_regex(r"[_a-zA-Z0-9]{0,12}", fullmatch=True))
    def test_any_name(self, name: str) -> None:
        """Any name at all gives a legal segment or an AttributeError."""
        try:
            segment = attribute_segment(name)
        except AttributeError:
            return
        assert literal_path(segment) == f"/{segment}"
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*|\{\w+\}", segment, re.ASCII)

    @given(st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,5}){0,3}", fullmatch=True))
    def test_every_hyphenated_segment_has_a_spelling(self, segment: str) -> None:
        """Words joined by hyphens are reached by capitals."""
        first, *rest = segment.split("-")
        assert attribute_segment(first + "".join(word.capitalize() for word in rest)) == segment


class TestLiterals:
    @pytest.mark.parametrize(
        ("literal", "path"),
        [
            ("v3/pay/transactions/id/{transaction_id}", "/v3/pay/transactions/id/{transaction_id}"),
            ("/v3/pay", "/v3/pay"),
            ("v3/ecommerce/applyments/", "/v3/ecommerce/applyments/"),
            ("/v3/applyments/", "/v3/applyments/"),
            ("v3/Capital/videoUpload/global_", "/v3/Capital/videoUpload/global_"),
            ("delete", "/delete"),
            ("v3/a..b/.c/d.", "/v3/a..b/.c/d."),
            ("v3/...", "/v3/..."),
            ("v3/it's_-|*@".replace("|", "%7C"), "/v3/it's_-%7C*@"),
            ("v3/%e5%BC%a0", "/v3/%e5%BC%a0"),
            ("{a}/{b}/", "/{a}/{b}/"),
        ],
    )
    def test_taken_literally(self, literal: str, path: str) -> None:
        """No character is touched; one leading slash falls, a trailing one counts."""
        assert literal_path(literal) == path

    @pytest.mark.parametrize(
        "literal",
        ["", "/", "//", "v3//pay", "//evil.example/v3", "v3/pay//", ".", "..", "v3/../v2", "v3/./pay", "v3/..",
         "v3/%2e%2e/v2", "v3/.%2E/v2", "v3/..;/v2", "v3/.;x", "v3/%2E", "v3/pay?a=b",
         "v3/pay#x", "v3/a b", "v3/a\tb", "v3/a\nb", "v3/pay\n", "v3/a\r\nHost:x", "v3/\x00", "v3/%00", "v3/%0a",
         "v3/%0D%0A", "v3/%1f", "v3/%7f", "v3/%", "v3/%2", "v3/%zz", "v3/a%", "v3/张三", "v3/a|b", "v3/a\\..\\b",
         "v3/a{b}", "v3/{a}{b}", "v3/{}", "v3/{1}", "v3/{a", "v3/a}", "v3/{a b}", "v3/{a.b}", "v3/{a}\n", "v3/<x>",
         'v3/"', "v3/[x]", "v3/^", "v3/`", "https://evil.example/v3", "v3/\ud800"],
    )  # fmt: skip
    def test_refused(self, literal: str) -> None:
        """What could end the path, leave its folder, name a host or forge a line is refused, with the remedy."""
        with pytest.raises(ConfigurationError) as raised:
            literal_path(literal)
        assert raised.value.argument == "path"
        assert raised.value.remedy

    @given(PATHS, st.booleans(), st.booleans())
    def test_every_legal_path_goes_out_as_it_stands(self, path: str, leading: bool, trailing: bool) -> None:
        """No character of a legal path is touched."""
        literal = "/" * leading + path + "/" * trailing
        assert literal_path(literal) == "/" + path + "/" * trailing

    @given(st.text(max_size=30) | st.text("/.%2eEfF{}?#\\ \n\r\x00@:ab", max_size=15))
    @example("v3/.%2e/x")
    def test_any_text(self, literal: str) -> None:
        """Any text is refused, or gives a path in which a URL parser finds no host, query, fragment or dot segment."""
        try:
            path = literal_path(literal)
        except ConfigurationError:
            return
        parts = urlsplit("https://api.example" + path)
        assert (parts.netloc, parts.path, parts.query, parts.fragment) == ("api.example", path, "", "")
        assert not {".", ".."} & {unquote(segment.partition(";")[0]) for segment in path.split("/")}
        assert path.isascii()
        assert path.isprintable()
        assert not any(character < " " for character in unquote(path))

    @pytest.mark.parametrize("literal", [5, None, b"v3/x"])
    def test_any_type(self, literal: Any) -> None:
        """A path is text."""
        with pytest.raises((TypeError, AttributeError)):
            literal_path(literal)


class TestJoin:
    def test_joins(self) -> None:
        """A child stands below its parent, below the root too."""
        assert join("/v3", "/pay/{id}") == "/v3/pay/{id}"
        assert join("", "/v3") == "/v3"

    def test_nothing_follows_a_trailing_slash(self) -> None:
        """It would make an empty segment."""
        with pytest.raises(ConfigurationError, match="ends with a slash"):
            join("/v3/applyments/", "/cancel")


class TestExpand:
    @pytest.mark.parametrize(
        ("value", "segment"),
        [
            ("1217752501201407033233368018", "1217752501201407033233368018"),
            (42, "42"),
            (-1, "-1"),
            ("a/b", "a%2Fb"),
            ("张三", "%E5%BC%A0%E4%B8%89"),
            ("a b", "a%20b"),
            ("?x=1", "%3Fx%3D1"),
            ("#", "%23"),
            ("100%", "100%25"),
            ("%2F", "%252F"),
            ("it's_-|*@~", "it%27s_-%7C%2A%40~"),
            ("{id}", "%7Bid%7D"),
            ("{other}", "%7Bother%7D"),
            ("\r\nHost: evil", "%0D%0AHost%3A%20evil"),
            ("...", "..."),
            (Word.TRADE, "tradebill"),
            (Number.ONE, "1"),
            (Masked("1217"), "1217"),
            (Counted(42), "42"),
        ],
    )
    def test_a_value_is_one_segment(self, value: object, segment: str) -> None:
        """Everything but unreserved characters is percent-encoded, the slash included; enumerations give values."""
        assert expand("/v3/{id}/x", {"id": value}) == f"/v3/{segment}/x"

    @pytest.mark.parametrize(
        "value", ["", ".", "..", "\ud800", "a\udfffb", "茶😀", 1 << 600, pytest.param(10**5000, id="10**5000")]
    )
    def test_values_that_no_encoding_saves(self, value: object) -> None:
        """What would change the path however it is written, or what the platform doesn't take, is refused by name."""
        with pytest.raises(ConfigurationError) as raised:
            expand("/v3/{id}", {"id": value})
        assert raised.value.argument == "id"

    @pytest.mark.parametrize("value", [None, True, False, 1.0, b"x", ["x"], {"a": 1}, object(), Secret("6222")])
    def test_values_of_another_type(self, value: object) -> None:
        """Only str and int are values of a path; the message names the type and never the value."""
        with pytest.raises(TypeError, match=f"'id' takes a str or an int, not {type_of(value)}$"):
            expand("/v3/{id}", {"id": value})

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({}, r"missing placeholder 'a', missing placeholder 'b' \(placeholders of this path: a, b\)"),
            ({"a": 1}, "missing placeholder 'b'"),
            ({"a": 1, "c": 2}, "missing placeholder 'b', unknown keyword 'c'"),
            ({"a": 1, "b": 2, "c": 3}, "unknown keyword 'c'"),
        ],
    )
    def test_names_must_fit(self, values: dict[str, object], message: str) -> None:
        """Missing and unknown names are all named, with the path and what it takes."""
        with pytest.raises(TypeError, match=f"^/v3/{{a}}/{{b}}: {message}"):
            expand("/v3/{a}/{b}", values)

    @pytest.mark.parametrize(
        ("given", "hint"),
        [
            ("transactionid", ": did you mean 'transaction_id'?"),
            ("transactionId", ": did you mean 'transaction_id'?"),
            ("time_out", ": did you mean 'timeout'?"),
            ("header", ": did you mean 'headers'?"),
            ("mchid", ""),
            ("qqq", ""),
        ],
    )
    def test_a_misspelt_name(self, given: str, hint: str) -> None:
        """A misspelt name leads to the placeholder that has no value yet, or to the keyword, that it resembles."""
        with pytest.raises(TypeError) as raised:
            expand("/v3/{transaction_id}/{mchid_}", {given: 1, "mchid_": 1})
        assert f"unknown keyword {given!r}{hint} (" in str(raised.value)

    def test_a_path_without_placeholders_takes_none(self) -> None:
        """A keyword too many says that there are no placeholders."""
        assert expand("/v3/x", {}) == "/v3/x"
        with pytest.raises(TypeError, match="placeholders of this path: none"):
            expand("/v3/x", {"id": 1})

    def test_a_placeholder_that_stands_twice(self) -> None:
        """It is one name and takes one value."""
        assert placeholders("/{a}/{b}/{a}") == ("a", "b")
        assert expand("/{a}/{b}/{a}", {"a": "x", "b": "y"}) == "/x/y/x"

    @given(TEXTS, TEXTS)
    @example("{b}", "{a}")
    @example("../../x", "a/../b")
    @example("?a=b#c", "//evil.example")
    def test_a_value_comes_back_exactly_and_adds_nothing(self, a: str, b: str) -> None:
        """Percent-decoding gives the value; it adds no segment, query or fragment, and doesn't touch its neighbour."""
        assume(not {a, b} & {".", ".."})
        path = expand("/v3/{a}/mid/{b}/end", {"a": a, "b": b})
        parts = urlsplit("https://api.example" + path)
        assert (parts.netloc, parts.path, parts.query, parts.fragment) == ("api.example", path, "", "")
        assert [unquote(segment) for segment in path.split("/")] == ["", "v3", a, "mid", b, "end"]

    @given(st.integers(-(2**511), 2**511))
    def test_an_integer_is_its_digits(self, value: int) -> None:
        """A number of any usual size is written in decimal."""
        assert expand("/{n}", {"n": value}) == f"/{value}"

    @given(st.text(max_size=20) | st.integers() | st.none() | st.floats() | st.binary() | st.lists(st.text()))
    def test_any_value(self, value: Any) -> None:
        """Nothing but a path, a TypeError or a ConfigurationError comes of any value."""
        try:
            path = expand("/v3/{id}", {"id": value})
        except (TypeError, ConfigurationError):
            return
        assert path.count("/") == 2

    @given(TEXTS)
    def test_a_filled_path_is_complete(self, value: str) -> None:
        """What a value makes of a path passes the last check."""
        assume(value not in {".", ".."})
        check_path(expand("/v3/{id}", {"id": value}))


class TestLastChecks:
    @pytest.mark.parametrize("path", ["/v3", "/v3/x/", "/v3/%E5%BC%A0", "/v3/it's@:;=,+", "/v3/a..b", "/v3/..."])
    def test_complete_paths(self, path: str) -> None:
        """A complete, percent-encoded path passes."""
        check_path(path)

    @pytest.mark.parametrize(
        "path",
        ["", "/", "v3", "//evil.example/x", "https://evil.example/v3", "/v3//x", "/v3/{id}", "/v3/张", "/v3/a b",
         "/v3?x", "/v3#x", "/v3\n", "/v3\r\nHost: x", "/v3/../v2", "/v3/%2e%2e/x", "/v3/..;a=b/x", "/v3/..", "/v3/./",
         "/v3/%", "/v3/a\\b", "@evil.example/", ":8080/"],
    )  # fmt: skip
    def test_anything_else_is_refused(self, path: str) -> None:
        """A request made by hand can't name a host, leave its folder, or add a line either."""
        with pytest.raises(ConfigurationError):
            check_path(path)

    @pytest.mark.parametrize("query", ["", "a=b", "a=b&a=c&d=", "token=a%2Fb/:@?!$'()*+,;~", "%e5%BC"])
    def test_encoded_queries(self, query: str) -> None:
        """A percent-encoded query passes, and so do the characters that may stand as they are."""
        check_query(query)

    @pytest.mark.parametrize(
        "query", ["a b", "a#b", "张", "a%", "a%2", "a=b\n", "a=b HTTP/1.1\r\nHost: evil", "\x00", "a|b", '"', "<", "{}"]
    )
    def test_other_queries_are_refused(self, query: str) -> None:
        """What would end the target, or would be sent otherwise than signed, is refused, and not repeated."""
        with pytest.raises(ConfigurationError) as raised:
            check_query(query)
        assert raised.value.argument == "query"

    @given(st.text(max_size=20))
    def test_a_quoted_query_passes(self, text: str) -> None:
        """Percent-encoding makes any text fit for a query."""
        assume(not re.search("[\ud800-\udfff]", text))
        check_query(quote(text, safe=""))


def test_a_whole_url() -> None:
    """The error says that the path alone is wanted, and shows no token of the query."""
    with pytest.raises(ConfigurationError, match="Give its path alone") as caught:
        literal_path("https://api.mch.weixin.qq.com/v3/billdownload/file?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["postAsync", "getAsync", "deleteAsync", "post_async", "patchasync"])
def test_verbs_of_other_sdks(name: str) -> None:
    """A verb as other languages' SDKs name it is no path; the error says that every verb is awaited."""
    with pytest.raises(AttributeError, match=r"every verb of WeChatPay is awaited"):
        attribute_segment(name)
    assert attribute_segment("asyncTasks") == "async-tasks"


@pytest.mark.parametrize("written", [":out_trade_no", "$out_trade_no", "$out_trade_no$"])
def test_placeholders_of_other_frameworks(written: str) -> None:
    """A placeholder in another spelling would be sent as it stands: it is refused with the spelling here."""
    with pytest.raises(ConfigurationError, match=r"which is no placeholder here\. Write it as \{out_trade_no\}"):
        literal_path(f"v3/pay/transactions/out-trade-no/{written}/close")


@pytest.mark.parametrize("segment", ["a:b", ":", "$", "$1", "a$b", ":1", "$&"])
def test_colons_and_dollars_that_are_no_placeholders(segment: str) -> None:
    """Elsewhere in a segment, or before no name, they are characters like any other."""
    assert literal_path(f"v3/x/{segment}") == f"/v3/x/{segment}"


def test_an_attributes_placeholder_in_text() -> None:
    """`_name_` is a placeholder as an attribute alone; given its value in text, the error says so."""
    with pytest.raises(TypeError, match=r"unknown keyword 'id': write the placeholder as \{id\} in text"):
        expand("/v3/pay/transactions/id/_id_", {"id": "1"})
