"""The field that a refusal names: whether it was sent, without its value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.diagnosis import field

ORDER: dict[str, Any] = {
    "mch_id": "1900000109",
    "attach": "",
    "amount": {"total": 12.5},
    "a/b~c": 1,
    "receivers": [{"account": "o-secret", "amount": 1}, {}],
    "empty": None,
    "flag": True,
}


@pytest.mark.parametrize(
    ("detail", "reason", "named"),
    [
        ({"field": "/amount/total", "location": "body", "issue": "x"}, "参数错误", ("body", "/amount/total")),
        ({"field": "appid", "location": "body"}, "", ("body", "/appid")),
        ({"field": "mchid", "location": "query"}, "", ("query", "/mchid")),
        (
            {"location": "body", "value": 0},
            "输入源“/body/payer/openid”映射到值字段“openid”字符串规则校验失败，字节数 0，小于最小值 1",
            ("body", "/payer/openid"),
        ),
        (None, "无法将 JSON 输入源“/body/amount/total”映射到目标字段“总金额”中", ("body", "/amount/total")),
        ({"location": "query"}, "输入源“/query/mchid”映射到字段“商户号”必填性规则校验失败", ("query", "/mchid")),
        ({"field": "signature", "location": "authorization"}, "", None),
        ({"field": "Wechatpay-Serial", "location": "header"}, "", None),
        ({"field": "", "location": "body"}, "", None),
        ({"field": 7, "location": ["body"]}, "参数错误", None),
        ("text", "参数错误", None),
        (["field"], "", None),
    ],
)
def test_named(detail: object, reason: str, named: tuple[str, str] | None) -> None:
    """A refusal names its field in its detail or in its text; headers and other shapes are none."""
    assert field.named(detail, reason) == named


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("/appid", "/appid was not sent. Give it"),
        ("/mchid", "/mchid was not sent. Give it; was 'mch_id', which was sent, meant for it?"),
        ("/payer/openid", "/payer/openid was not sent. Give it"),
        ("/amount/currency", "/amount/currency was not sent. Give it"),
        ("/receivers/1/account", "/receivers/1/account was not sent. Give it"),
        ("/receivers/2", "/receivers/2 was not sent. Give it"),
        ("/receivers/first", "/receivers/first was not sent. Give it"),
    ],
)
def test_missing(pointer: str, text: str) -> None:
    """A field that isn't in what was sent is told so, with a name beside it that may be meant."""
    cause = field.cause(pointer, ORDER)
    assert (cause.name, cause.certainty, str(cause)) == ("field-missing", "proven", text)


@pytest.mark.parametrize(
    ("pointer", "kind"),
    [
        ("/mch_id", "a string"),
        ("/attach", "a string that is empty"),
        ("/amount", "an object"),
        ("/amount/total", "a number"),
        ("/a~1b~0c", "an integer"),
        ("/receivers", "an array"),
        ("/receivers/0/account", "a string"),
        ("/receivers/1", "an object that is empty"),
        ("/empty", "null"),
        ("/flag", "a boolean"),
    ],
)
def test_malformed(pointer: str, kind: str) -> None:
    """A field that was sent is told with the type of its value, and without the value."""
    cause = field.cause(pointer, ORDER)
    assert (cause.name, cause.certainty) == ("field-malformed", "likely")
    assert f"the value of {pointer} is malformed or not allowed; it was sent, as {kind}. " in str(cause)
    assert "o-secret" not in str(cause)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.text(), JSON)
def test_anything(pointer: str, sent: object) -> None:
    """Whatever a platform names and a caller sent, there is one cause."""
    assert field.cause("/" + pointer, sent).name in {"field-missing", "field-malformed"}
