"""Where notifications may go."""

from __future__ import annotations

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain.emulator.notifications.addresses import Addresses, Destination, Undeliverable

MAPPED = Addresses({"https://shop.example": "http://127.0.0.1:8000", "https://shop.example/eu/": "http://[::1]:1/x"})


@pytest.mark.parametrize(
    ("notify_url", "called"),
    [
        ("http://127.0.0.1:8000/notify", "http://127.0.0.1:8000/notify"),
        ("https://localhost/notify", "https://localhost/notify"),
        ("http://[::1]:8000/notify", "http://[::1]:8000/notify"),
        ("https://shop.example/notify?a=b", "http://127.0.0.1:8000/notify?a=b"),
        ("https://shop.example/eu/notify", "http://[::1]:1/x/notify"),
        ("https://shop.example/europe", "http://127.0.0.1:8000/europe"),
    ],
)
def test_called(notify_url: str, called: str) -> None:
    """This machine is called as it is, another only where a mapping leads, the longest first."""
    assert MAPPED.resolve(notify_url) == Destination(called)


@pytest.mark.parametrize(
    "notify_url",
    [
        "https://shop.example.evil/notify",
        "https://shop.example@evil/notify",
        "https://1.2.3.4/notify",
        "https://127.0.0.1.nip.io/notify",
        "http://localhost.evil/notify",
        "http://127.0.0.1@evil/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "notify",
        "",
    ],
)
def test_not_called(notify_url: str) -> None:
    """Nothing else is called, whatever it looks like."""
    with pytest.raises(Undeliverable):
        MAPPED.resolve(notify_url)


@pytest.mark.parametrize("pair", [("shop.example", "http://127.0.0.1"), ("https://shop.example", "127.0.0.1:8000")])
def test_mapping_is_checked(pair: tuple[str, str]) -> None:
    """A mapping that leads from or to no URL is refused at once."""
    with pytest.raises(ConfigurationError) as caught:
        Addresses(dict([pair]))
    assert caught.value.argument == "notify"
