"""Where notifications come from, for a firewall.

An address proves nothing: a notification is believed for its signature alone, and the lists change without notice.
"""

from __future__ import annotations

from ipaddress import IPv4Network

_SHARED = (
    "101.226.103.0/25",
    "140.207.54.0/25",
    "121.51.58.128/25",
    "183.3.234.0/25",
    "58.251.80.0/25",
    "121.51.30.128/25",
)
_MAINLAND = (
    "203.205.219.128/25",
    "81.71.199.64",
    "81.71.198.25",
    "81.71.199.59",
    # of refunds and profit sharings
    "175.24.214.208",
    "175.24.211.24",
    "175.24.213.135",
    "109.244.180.23",
    "114.132.203.119",
    "43.139.43.69",
)
# https://pay.weixin.qq.com/doc/global/v3/zh/4016271743
_OVERSEAS = (
    "162.62.214.129", "43.130.234.138", "43.131.228.178", "43.133.14.225", "43.133.202.169", "43.153.241.56",
    "43.153.244.194", "43.153.244.52", "43.155.125.174", "43.155.169.179", "43.155.179.63", "43.157.108.179",
    "43.157.90.235", "43.159.160.121", "43.159.160.129", "43.159.160.232", "43.163.128.121", "43.163.128.16",
    "43.154.94.175", "43.132.183.192", "101.32.203.103", "43.137.145.80", "124.222.226.60", "43.141.7.182",
)  # fmt: skip


def notification_sources(*, overseas: bool = False) -> tuple[IPv4Network, ...]:
    """The networks that notifications are sent from, as the platform last published them (November 2025).

    Args:
        overseas: those that send to overseas merchants, in place of those that send to mainland ones.
    """
    return tuple(map(IPv4Network, _SHARED + (_OVERSEAS if overseas else _MAINLAND)))
