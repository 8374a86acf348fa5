"""Where notifications come from."""

from __future__ import annotations

from ipaddress import IPv4Address

from wechatpay_chain import catalogue


def test_both_lists() -> None:
    """Mainland and overseas share six networks; each has addresses of its own, and none is a private one."""
    mainland, overseas = set(catalogue.notification_sources()), set(catalogue.notification_sources(overseas=True))
    assert sorted(network.prefixlen for network in mainland & overseas) == [25] * 6
    assert (len(mainland), len(overseas)) == (16, 30)
    assert all(network.is_global for network in mainland | overseas)
    assert any(IPv4Address("203.205.219.200") in network for network in mainland)
    assert not any(IPv4Address("203.205.219.200") in network for network in overseas)
