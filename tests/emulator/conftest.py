"""What the emulator's tests share beside the suite's own emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.clock import Clock
from tests.emulator.raw import RawClient
from wechatpay_chain.emulator import Emulator, KeyPair


@pytest.fixture(scope="session")
def certificate() -> KeyPair:
    """A platform certificate."""
    return KeyPair.certified()


@pytest.fixture
def raw(emulator: Emulator) -> Iterator[RawClient]:
    """A client that can err in any way, connected to the emulator."""
    with emulator.listen() as base_url:
        yield RawClient(emulator, base_url)


@pytest.fixture
def clock() -> Clock:
    """A clock for both sides."""
    return Clock()


@pytest.fixture
def both(merchant_pair: KeyPair, platform_pair: KeyPair, certificate: KeyPair, clock: Clock) -> Emulator:
    """An emulator with a platform certificate and a public key."""
    return Emulator(merchant_key=merchant_pair, platform_keys=[certificate, platform_pair], clock=clock)
