"""What answered in the platform's place, or removed its signature."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import Cause

# Headers of proxies, load balancers and caches; the platform's own servers call themselves nginx.
_SIGNS_OF_A_PROXY = (
    "Via",
    "X-Cache",
    "X-Squid-Error",
    "Proxy-Connection",
    "CF-RAY",
    "X-Amz-Cf-Id",
    "Proxy-Authenticate",
)
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)
_LONGEST_HEAD = 200
_DIRECT = "Call the platform without it, or have it pass api.mch.weixin.qq.com on untouched"


def unsigned(headers: Mapping[str, str], content: bytes) -> tuple[Cause, ...]:
    """The causes where signature headers are missing.

    Args:
        headers: of the message, looked up in any case.
        content: of the message.
    """
    found: list[Cause] = []
    proxy = next((f"{name}: {headers[name][:60]!r}" for name in _SIGNS_OF_A_PROXY if headers.get(name)), None)
    if headers.get("Request-ID"):
        text = "it is the platform's answer (it has a Request-ID), and a proxy or gateway took the headers off"
        found.append(Cause("headers-removed", text, "Let it hand on all headers that begin with Wechatpay-", "likely"))
    elif (of_a_page := web_page(content)) is not None:
        found.append(of_a_page)
    elif proxy:
        text = f"something in between answered by itself ({proxy})"
        found.append(Cause("answer-of-a-proxy", text, _DIRECT, "likely"))
    text = "a proxy or gateway in between removed the headers, or it doesn't come from the platform"
    found.append(Cause("headers-removed", text, "Let it hand on all headers that begin with Wechatpay-", "possible"))
    return tuple(found)


def web_page(content: bytes) -> Cause | None:
    """The cause if a web page came in place of a message; None for anything else."""
    if not is_web_page(content):
        return None
    text = "it is a web page of something in between, such as a proxy, a firewall or a login page"
    return Cause("answer-of-a-proxy", text, _DIRECT, "likely")


def is_web_page(content: bytes) -> bool:
    """Whether a content begins as a page in HTML does."""
    return _PAGE.match(content[:_LONGEST_HEAD]) is not None
