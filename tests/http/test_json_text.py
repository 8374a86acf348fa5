"""JSON that somebody wrote."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain.http.json_text import read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 1.5, true, null, "中\\u4e2d"], "b": {"a": 1}}', {"a": [1, 1.5, True, None, "中中"], "b": {"a": 1}}),
        ("12345678901234567890123", 12345678901234567890123),
        ("-12345678901234567890123", -12345678901234567890123),
        ('[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
        ("{}", {}),
        ("1e2", 100.0),
    ],
)
def test_read_as_written(text: str, value: Any) -> None:
    """Integers of any size are what they were, and one name may stand in several objects."""
    assert read_json(text) == read_json(text.encode()) == value
    assert type(read_json(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "'a' is there twice"),
        ('{"a": {"b": 1, "b": 1}}', "'b' is there twice"),
        ('{"a": 1, "\\u0061": 1}', "'a' is there twice"),
        ("NaN", "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ("1e400", "too big"),
        ("1" * 5000, "^a number is too big$"),
        ("[" * 100_000, "too deeply"),
        ("\ufeff{}", "BOM"),
        (b"\xff", "UTF-8"),
        (b"{\x00}", "Expecting"),
        ("", "line 1"),
        ("{} {}", "Extra data"),
        ("'a'", "Expecting"),
    ],
)
def test_refused(text: str | bytes, said: str) -> None:
    """What would be read otherwise than it is written, and what is no JSON, is a ValueError that doesn't hold it."""
    with pytest.raises(ValueError, match=said) as caught:
        read_json(text)
    assert type(caught.value) is ValueError or said == "digits"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
