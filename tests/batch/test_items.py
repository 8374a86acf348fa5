"""The items of a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError
from wechatpay_chain.batch import Item, read_jsonl


@pytest.mark.parametrize("key", ["\ud800", "a\n", "\x00"])
def test_keys_are_printable(key: str) -> None:
    """A key that neither the journal nor a line of results could hold is refused, and named."""
    with pytest.raises(ConfigurationError, match="the key"):
        Item(path=PUNISH, key=key).pack()


def test_jsonl(tmp_path: Path) -> None:
    """A line is a payload, or the members of an item; anything else is told with its line."""
    file = tmp_path / "orders.jsonl"
    file.write_text('{"out_request_no": "1"}\n\n{"key": "k", "out_request_no": "2"}\n')
    assert [(item.key, item.json) for item in read_jsonl(file, PUNISH)] == [
        ("1", {"out_request_no": "1"}),
        ("k", {"out_request_no": "2"}),
    ]
    file.write_text('{"path": "v3/x", "method": "GET", "params": {"a": 1}, "key": "k"}\n')
    assert list(read_jsonl(file)) == [Item(path="v3/x", method="GET", params={"a": 1}, key="k")]
    member = '{"path": "v3/x/{id}", "key": "k", "%s": %s}'
    wrongs = [member % wrong for wrong in [("values", "{}"), ("method", '"post"'), ("path", "1"), ("headers", "2")]]
    for wrong in ["[]", "{", '{"pth": 1}', '{"path": "v3/x"}', "\xff", *wrongs]:
        file.write_text(f"\n{wrong}\n", encoding="latin-1")
        with pytest.raises(ConfigurationError, match=r"line 2 of orders\.jsonl"):
            list(read_jsonl(file))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"out_request_no": "1", "amount": 1, "amount": 2}', "'amount' is there twice"),
        ('{"out_request_no": "1", "amount": 12345678901234567890123}', "64-bit"),
        ('{"out_request_no": "1", "amount": NaN}', "no number of JSON"),
    ],
)
def test_jsonl_is_taken_as_written(tmp_path: Path, line: str, said: str) -> None:
    """A line that says two things, or a number that would go out as another, is refused and not guessed at."""
    file = tmp_path / "orders.jsonl"
    file.write_text(f'{{"out_request_no": "0", "amount": 12345678901234567890}}\n{line}\n')
    lines = read_jsonl(file, PUNISH)
    assert next(lines).json == {"out_request_no": "0", "amount": 12345678901234567890}
    with pytest.raises(ConfigurationError, match=f"line 2 of .*{said}"):
        next(lines)


def test_keys_of_lines(tmp_path: Path) -> None:
    """A key is a text or an integer; null is none, so that each line goes by its own number."""
    file = tmp_path / "orders.jsonl"
    file.write_text('{"key": null, "out_request_no": "1"}\n{"key": 7, "a": 1}\n{"key": "", "out_request_no": "2"}\n')
    assert [item.key for item in read_jsonl(file, PUNISH)] == ["1", "7", "2"]
    for wrong in ["true", "1.0", "{}", '["k"]']:
        file.write_text(f'{{"key": {wrong}, "out_request_no": "1"}}\n')
        with pytest.raises(ConfigurationError, match=r"line 1 of .* its key is an? \w+: give a text"):
            list(read_jsonl(file, PUNISH))


def test_jsonl_with_a_byte_order_mark(tmp_path: Path) -> None:
    """An editor's mark at the beginning of a file is no part of its first line."""
    file = tmp_path / "orders.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"out_request_no": "1"}\n\n{"out_request_no": "2"}\n')
    assert [item.key for item in read_jsonl(file, PUNISH)] == ["1", "2"]
    file.write_bytes(b"\xef\xbb\xbf\n")
    assert list(read_jsonl(file, PUNISH)) == []


def test_an_item_needs_a_key() -> None:
    """Without a number of its own, or with what is no JSON, an item isn't taken."""
    with pytest.raises(ConfigurationError, match="no number of the merchant's own"):
        Item(path="v3/x", json={"a": 1}).pack()
    with pytest.raises(ConfigurationError, match="no JSON"):
        Item(path="v3/x", json={"a": {1, 2}}, key="k").pack()
    with pytest.raises(TypeError, match="id"):
        Item(path="v3/x/{id}", key="k").pack()
