"""HTTPie's items."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import ConfigurationError
from wechatpay_chain.cli.items import read_items


@pytest.mark.parametrize(
    ("items", "payload"),
    [
        (
            ["out_trade_no=1", "amount[total]:=29", "amount[currency]=CNY"],
            {"out_trade_no": "1", "amount": {"total": 29, "currency": "CNY"}},
        ),
        (["list[]=a", "list[]=b"], {"list": ["a", "b"]}),
        (
            ["list[0][name]=a", "list[0][count]:=1", "list[1][name]=b"],
            {"list": [{"name": "a", "count": 1}, {"name": "b"}]},
        ),
        (["flag:=true", "none:=null", 'o:={"a":[1]}'], {"flag": True, "none": None, "o": {"a": [1]}}),
        ([r"a\=b=c", r"d\:e=f"], {"a=b": "c", "d:e": "f"}),
        (["url=https://a.example/?x=1&y==2", "empty="], {"url": "https://a.example/?x=1&y==2", "empty": ""}),
        (["名=值"], {"名": "值"}),
    ],
)
def test_payload(items: list[str], payload: dict[str, Any]) -> None:
    """Members, nested ones and lists become the payload."""
    assert read_items(items).payload == payload


def test_query_and_headers() -> None:
    """`==` is a query parameter, `:` a header."""
    items = read_items(["mchid==1900000109", "Accept-Language:zh-CN", "Wechatpay-Serial:PUB_KEY_ID_1"])
    assert items.params == {"mchid": "1900000109"}
    assert items.headers == {"Accept-Language": "zh-CN", "Wechatpay-Serial": "PUB_KEY_ID_1"}
    assert items.payload == {}


def test_files(tmp_path: Path) -> None:
    """A value may come from a file, as a text or as JSON, and is not in the arguments then."""
    (tmp_path / "text").write_text("6222\n")
    (tmp_path / "json").write_text('{"total": 29}')
    items = read_items([f"account=@{tmp_path / 'text'}", f"amount:=@{tmp_path / 'json'}", "payer[openid]=o"])
    assert items.payload == {"account": "6222", "amount": {"total": 29}, "payer": {"openid": "o"}}
    assert items.in_arguments == {"openid"}


def test_files_of_an_editor_on_windows(tmp_path: Path) -> None:
    """The mark that such an editor puts first, and its line end, are no part of an account that would be encrypted."""
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbf6222\r\n")
    (tmp_path / "json").write_bytes(b'\xef\xbb\xbf{"total": 29}\r\n')
    items = read_items([f"account=@{tmp_path / 'text'}", f"amount:=@{tmp_path / 'json'}"])
    assert items.payload == {"account": "6222", "amount": {"total": 29}}


def test_integers_of_any_size() -> None:
    """Behind := an integer is the one that was written, however long; none becomes a float."""
    assert read_items(["a:=12345678901234567890123"]).payload == {"a": 12345678901234567890123}


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["word"], "Write name=text"),
        (["=value"], "has no name"),
        (["a:=word"], "no JSON"),
        (["a:=NaN"], "no number of JSON"),
        (['a:={"b": 1, "b": 2}'], "'b' is there twice"),
        (["a=1", "a=2"], "given twice"),
        (["a=1", "a[b]=2"], "inside of what"),
        (["a[b=1"], "brackets"),
        (["a[5]=1"], "the list has 0 members"),
        (["a=@no/such/file"], "cannot be read"),
    ],
)
def test_mistakes(items: list[str], said: str) -> None:
    """What is no item is refused with what to write instead."""
    with pytest.raises(ConfigurationError, match=said):
        read_items(items)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_an_item_or_refused(name: str, value: str) -> None:
    """Any argument is read or refused; an escaped name and its value come back whole."""
    escaped = "".join(f"\\{character}" for character in name)
    if name and "[" not in name and not value.startswith(("@", "=")):
        assert read_items([f"{escaped}={value}"]).payload == {name: value}
    with suppress(ConfigurationError):
        read_items([f"{name}{value}"])
