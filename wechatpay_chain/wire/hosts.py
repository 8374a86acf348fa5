"""The platform's hosts: which of them a signed request may go to.

https://pay.weixin.qq.com/doc/global/v3/zh/4017303715
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError

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


_MAIN, _BACKUP = "https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"
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
_NETLOC = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?", re.ASCII | re.IGNORECASE)
# `urlsplit` drops some of them without a word, so that something else would be checked than is sent.
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def split_url(url: str) -> SplitResult | None:
    """The parts of an http(s) URL; None for what is none, or names its host in a way that no request can go to.

    The host is ASCII, its labels are of at most 63 characters, and no user stands before it.
    """
    if _BLANK_OR_CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is out of range
    except ValueError:
        return None
    # Letters of other scripts that have an ASCII twin match in spite of re.ASCII when case is ignored.
    usable = parts.netloc.isascii() and _NETLOC.fullmatch(parts.netloc)
    return parts if usable and parts.scheme in {"http", "https"} else None


def twins(origin: str) -> tuple[str, ...]:
    """The hosts that serve the same as this one, in the order to try them; none for a host that has no twin."""
    return _TWINS.get(origin, ())


def is_api_origin(origin: str) -> bool:
    """Whether it is exactly scheme and host of one of the platform's API hosts, over TLS, at the usual port."""
    scheme, _, host = origin.partition("://")
    # The Kelvin sign's small letter is a k.
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
