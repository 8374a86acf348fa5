"""The period in which a product coupon can be used.

https://pay.weixin.qq.com/doc/brand/4015582711
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...platform import refusal
from ...platform.times import read_rfc3339

_DAY = 86400
# Of a stock without a period of its own.
_DAYS = 30
_RULES = ("single_usage_rule", "sequential_usage_rule", "progressive_bundle_usage_rule")


def period(content: Mapping[str, Any], received: float) -> tuple[float, float]:
    """From when until when a coupon can be used that is received at a time. Unix times in seconds.

    Args:
        content: the rules of its stock.
        received: when the user got it.

    Raises:
        Refusal: a time in the rules is none.
    """
    given = _period_of(content)
    begins = received + given.get("wait_days_after_receive", 0) * _DAY
    if "available_begin_time" in given:
        begins = max(begins, _time(given["available_begin_time"], "available_begin_time"))
    days = given.get("available_days")
    if "available_end_time" not in given:
        return begins, begins + (days or _DAYS) * _DAY
    ends = _time(given["available_end_time"], "available_end_time")
    return begins, ends if days is None else min(ends, begins + days * _DAY)


def _period_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _RULES:
        if content.get(name):
            return content[name].get("coupon_available_period") or {}
    return {}


def _time(text: str, name: str) -> float:
    try:
        return read_rfc3339(text)
    except ValueError:
        raise refusal.bad_parameter(f"/{name}", "body", "not a time of RFC 3339") from None
