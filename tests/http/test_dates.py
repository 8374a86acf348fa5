"""Dates of HTTP, and what stands in their place."""

import pytest

from wechatpay_chain.http.dates import unix_time


def test_a_date() -> None:
    """A date is told in Unix seconds, by its zone."""
    assert unix_time("Thu, 01 Jan 1970 00:01:00 GMT") == 60
    assert unix_time("Thu, 01 Jan 1970 08:01:00 +0800") == 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1763949600",
        "Thu, 32 Jan 2026 00:00:00 GMT",
        "Thu, 1 Jan 2026 00:00:00 +99999999999999999",
        "Thu, 1 Jan 99999999999999999999 00:00:00 GMT",
        f"Thu, 1 Jan {'9' * 5000} 00:00:00 GMT",
    ],
)
def test_no_date(text: str) -> None:
    """What is none, or of no calendar, is None and no error."""
    assert unix_time(text) is None
