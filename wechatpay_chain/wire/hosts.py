"""The platform's hosts: which of them a signed request may go to.

https://pay.weixin.qq.com/doc/global/v3/zh/4017303715
"""

from __future__ import annotations

from urllib.parse import urlsplit

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


def twins(origin: str) -> tuple[str, ...]:
    """The hosts that serve the same as this one, in the order to try them; none for a host that has no twin."""
    return _TWINS.get(origin, ())


def is_api_origin(origin: str) -> bool:
    """Whether a scheme and host are those of one of the platform's API hosts, over TLS, at the usual port."""
    parts = urlsplit(origin)
    return parts.scheme == "https" and parts.netloc.lower().removesuffix(":443") in API_HOSTS


def check_origin(origin: str) -> None:
    """Refuse to sign for a foreign host.

    Raises:
        ConfigurationError: it isn't the platform's.
    """
    if origin and not is_api_origin(origin):
        raise ConfigurationError(
            "origin", f"{origin!r} is not an API host of the platform", "A signed request goes to the platform alone"
        )
