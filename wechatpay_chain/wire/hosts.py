"""The platform's hosts: which of them a signed request may go to.

https://pay.weixin.qq.com/doc/global/v3/zh/4017303715
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from ..crypto import shapes
from ..errors import ConfigurationError, type_of

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"
"""Where calls go unless the operation or the caller names another host."""

API_HOSTS = frozenset(
    {
        "api.mch.weixin.qq.com",
        "api2.mch.weixin.qq.com",
        "api.wechatpay.cn",
        "api2.wechatpay.cn",
        "apihk.mch.weixin.qq.com",
        "apius.mch.weixin.qq.com",
        "apieu.mch.weixin.qq.com",
        "fraud.mch.weixin.qq.com",
        "payapp.weixin.qq.com",
    }
)
"""Hosts that answer calls. Others, such as `pay.wechatpay.cn` with its invoices, never see a signature."""

_OVERSEAS_HOSTS = frozenset({"apihk.mch.weixin.qq.com", "apius.mch.weixin.qq.com", "apieu.mch.weixin.qq.com"})

_MAIN, _BACKUP = DEFAULT_BASE_URL, "https://api2.mch.weixin.qq.com"
_MAIN_CN, _BACKUP_CN = "https://api.wechatpay.cn", "https://api2.wechatpay.cn"

# The backups of the other family help when a whole domain can't be resolved. fraud and payapp have no twin.
_TWINS = {
    _MAIN: (_BACKUP, _BACKUP_CN),
    _BACKUP: (_MAIN, _MAIN_CN),
    _MAIN_CN: (_BACKUP_CN, _BACKUP),
    _BACKUP_CN: (_MAIN_CN, _MAIN),
    "https://apihk.mch.weixin.qq.com": (_MAIN,),
    "https://apius.mch.weixin.qq.com": (_MAIN,),
    "https://apieu.mch.weixin.qq.com": (_MAIN,),
}


_LABEL = r"[a-z0-9_][a-z0-9_-]{0,62}"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\])"
_PORT = r"(?::[0-9]{1,5})?"
_NETLOC = re.compile(_HOST + _PORT, re.ASCII | re.IGNORECASE)
# Neither a user nor a query, not even an empty one, which would swallow the path.
_BASE_URL = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST}){_PORT}(?:/[^\x00-\x20\x7f?#]*)?", re.IGNORECASE)
# A version in the base URL, as other SDKs have it. The caller's own proxy may have any path.
_VERSION = re.compile(r"https://[^/]*\.(?:weixin\.qq\.com|wechatpay\.cn)(?::\d+)?/(?:hk/)?v[23]/*", re.IGNORECASE)
_OFFICIAL_HOST = re.compile(r"(?:.+\.)?(?:weixin\.qq\.com|wechatpay\.cn|tenpay\.com)")
# `urlsplit` silently drops some of these, so that another URL would be checked than is sent.
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def split_url(url: str) -> SplitResult | None:
    """The parts of an http(s) URL; None where it isn't such a URL, or no request can go to its host.

    The host is ASCII, its labels are of at most 63 characters, and no user stands before it.
    """
    if _BLANK_OR_CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is out of range
    except ValueError:
        return None
    # With re.IGNORECASE some letters of other scripts match ASCII letters, in spite of re.ASCII.
    usable = parts.netloc.isascii() and _NETLOC.fullmatch(parts.netloc)
    return parts if usable and parts.scheme in {"http", "https"} else None


def check_base_url(base_url: str, argument: str = "base_url") -> str:
    """Scheme and host, and a path prefix, without a slash at the end.

    Args:
        base_url: as a caller gave it.
        argument: the argument's name, for errors.

    Raises:
        ConfigurationError: it is no http(s) URL, or the platform's host without TLS.
    """
    if not isinstance(base_url, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(
            argument, f"{type_of(base_url)} was found", f"Give a text, or leave it out for {DEFAULT_BASE_URL}"
        )
    found = _BASE_URL.fullmatch(base_url) if base_url.isascii() else None
    try:
        _ = urlsplit(base_url).port  # raises where it is out of range, or the brackets hold no IP address
    except ValueError:
        found = None
    if found is None:
        is_shown = "@" not in base_url and not shapes.may_be_key(base_url)
        raise ConfigurationError(
            argument,
            f"{repr(base_url) if is_shown else 'what was given'} is not http(s)://host[:port]",
            f"Leave it out for {DEFAULT_BASE_URL}",
        )
    if found["scheme"].lower() == "http" and _OFFICIAL_HOST.fullmatch(found["host"].lower().removesuffix(".")):
        raise ConfigurationError(argument, "the platform is called without TLS", "Write https://")
    if _VERSION.fullmatch(base_url):
        raise ConfigurationError(
            argument, f"{base_url!r} ends as a path begins", "Give scheme and host alone: each call has its whole path"
        )
    return base_url.rstrip("/")


def twins(origin: str) -> tuple[str, ...]:
    """The hosts that serve the same as this one, in the order to try them; none for a host that has no twin."""
    return _TWINS.get(origin, ())


def is_api_origin(origin: str) -> bool:
    """Whether it is exactly scheme and host of one of the platform's API hosts, over TLS, at the usual port."""
    scheme, _, host = origin.partition("://")
    # `lower` makes an ASCII k of the Kelvin sign.
    return scheme == "https" and host.isascii() and host.lower().removesuffix(":443") in API_HOSTS


def check_origin(origin: str) -> None:
    """Refuse to sign for a foreign host.

    Raises:
        ConfigurationError: it isn't the platform's.
    """
    if origin and not is_api_origin(origin):
        raise ConfigurationError(
            "origin", f"{origin!r} is not an API host of the platform", "A signed request goes to the platform alone"
        )


def is_overseas(base_url: str) -> bool:
    """Whether a base URL is one of the platform's hosts for overseas merchants, whose keys are kept apart.

    https://pay.weixin.qq.com/doc/global/v3/zh/4017303715
    """
    parts = split_url(base_url)
    return parts is not None and (parts.hostname or "").rstrip(".") in _OVERSEAS_HOSTS
