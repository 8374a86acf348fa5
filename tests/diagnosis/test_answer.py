"""Answers without signature: who may have made them."""

import pytest

from wechatpay_chain.diagnosis import answer
from wechatpay_chain.http.headers import Headers


@pytest.mark.parametrize(
    ("headers", "content", "name"),
    [
        ({"Request-ID": "08F7"}, b"{}", "headers-removed"),
        ({}, b"<!DOCTYPE html><title>Login</title>", "answer-of-a-proxy"),
        ({"Via": "1.1 squid"}, b"", "answer-of-a-proxy"),
        ({}, b"{}", "headers-removed"),
    ],
)
def test_who_answered(headers: dict[str, str], content: bytes, name: str) -> None:
    """A Request-ID is the platform's; a web page and the headers of proxies are something else's."""
    found = answer.unsigned(Headers(headers), content)
    assert found[0].name == name
    assert found[-1].certainty == "possible"
