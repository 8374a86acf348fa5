"""Rules for `notify_url` and `out_trade_no` that aren't documented, but were seen in refusals of the platform.

Observed: https://github.com/labring/sealos/pull/2300 (notify_url)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from . import refusal

# No query, and no blanks around it; http is allowed, and so is a URL without a path.
_URL = re.compile(r"https?://([^\s/?#\[\]@]+@)?[^\s/?#@:]+(:[0-9]{2,5})?[^\s?#\[\]]*")
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*]+")
# The platform also refuses numbers of less than 6 bytes; the emulator doesn't, as tests often use such numbers.
_LONGEST_NUMBER = 32


def check(body: object) -> None:
    """Check `notify_url` and `out_trade_no` of a JSON body; in a combined order, those of each order.

    Raises:
        Refusal: 400, for the first that breaks a rule.
    """
    members = _members(body)
    _check_members(members, "")
    parts = members.get("sub_orders")
    if isinstance(parts, list):
        for place, part in enumerate(cast("Sequence[object]", parts)):
            _check_members(_members(part), f"/sub_orders/{place}")


def _check_members(members: Mapping[str, Any], above: str) -> None:
    url, number = members.get("notify_url"), members.get("out_trade_no")
    if isinstance(url, str) and not _URL.fullmatch(url):
        issue = "a URL that begins with http:// or https:// is expected, without a query"
        raise refusal.bad_parameter(f"{above}/notify_url", "body", issue, "通知地址不符合规则")
    if not isinstance(number, str):
        return
    size, pointer = len(number.encode()), f"{above}/out_trade_no"
    if size > _LONGEST_NUMBER:
        issue = f"at most {_LONGEST_NUMBER} bytes are allowed, {size} were given"
        raise refusal.bad_parameter(pointer, "body", issue, f"商户订单号字节数 {size}，大于最大值 {_LONGEST_NUMBER}")
    if not _NUMBER.fullmatch(number):
        issue = "nothing but digits, letters and _-|* is allowed"
        raise refusal.bad_parameter(pointer, "body", issue, "商户订单号不符合规则")


def _members(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
