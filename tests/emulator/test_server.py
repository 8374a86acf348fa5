"""The emulator on a port."""

from __future__ import annotations

import contextlib
import http.client
from urllib.parse import urlsplit

import pytest

from wechatpay_chain.emulator import Emulator


def test_ports_are_released(emulator: Emulator) -> None:
    """A port that is taken is an OSError, and is free again after the emulator left it."""
    with emulator.listen() as base_url:
        port = int(base_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), emulator.listen(port=port):
            pass
    with emulator.listen(port=port) as again:
        assert again == base_url


async def test_ipv6(emulator: Emulator) -> None:
    """An address of IPv6 stands in brackets in the base URL."""
    try:
        async with emulator.listen("::1") as base_url:
            assert base_url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize(
    "path", ["/v3/certificates", "/_emulator/", "/_emulator/pay/none", "/_emulator/static/pay.css", "/nothing"]
)
def test_every_answer_names_the_emulator(emulator: Emulator, path: str) -> None:
    """Whatever is answered, calls, pages and refusals, says that an emulator did."""
    with emulator.listen() as base_url:
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            assert connection.getresponse().headers.get_all("Server") == ["wechatpay-chain-emulator"]
