"""What the whole suite shares: keys, made once because making RSA keys is slow, and a client of a fresh emulator."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from hypothesis import settings

from wechatpay_chain import WeChatPay
from wechatpay_chain.client import merchants
from wechatpay_chain.credentials.platform_keys import PlatformKeys, load_platform_keys
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.transport import aiohttp as network

# How long one example takes is the machine's affair, and being measured for coverage triples it.
settings.register_profile("suite", settings.default, deadline=None, max_examples=40)
settings.load_profile("suite")

# A shell that runs the suite in the background has Ctrl-C ignored, by all its children too: tests send it to some.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: many tests wait for a server or a process that they started."""
    return (os.cpu_count() or 1) + 1


PLATFORM_SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"


@pytest.fixture(scope="session")
def merchant_key() -> RSAPrivateKey:
    """The merchant's private key."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def platform_key() -> RSAPrivateKey:
    """The private key that the platform signs with, under both of its names."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> RSAPrivateKey:
    """A key that nobody knows."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def platform_certificate(platform_key: RSAPrivateKey) -> x509.Certificate:
    """A platform certificate whose serial begins with a zero."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(platform_key.public_key())
        .serial_number(int(PLATFORM_SERIAL, 16))
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .sign(platform_key, hashes.SHA256())
    )


@pytest.fixture(scope="session")
def platform_keys(platform_key: RSAPrivateKey, platform_certificate: x509.Certificate) -> PlatformKeys:
    """What a merchant believes in the middle of a switch: a certificate and a public key."""
    return load_platform_keys({PUBLIC_KEY_ID: platform_key.public_key(), PLATFORM_SERIAL: platform_certificate})


@pytest.fixture(scope="session")
def merchant_pair() -> KeyPair:
    """The merchant's key with its certificate."""
    return KeyPair.merchant()


@pytest.fixture(scope="session")
def platform_pair() -> KeyPair:
    """A WeChat Pay public key with its private half."""
    return KeyPair.wechatpay()


@pytest.fixture
def emulator(merchant_pair: KeyPair, platform_pair: KeyPair) -> Emulator:
    """A platform where nothing has happened yet."""
    return Emulator(merchant_key=merchant_pair, platform_keys=[platform_pair])


@pytest.fixture
async def wxpay(emulator: Emulator) -> AsyncIterator[WeChatPay]:
    """A client that talks to the emulator over a socket."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as client:
        yield client


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[ClientSession]:
    """The aiohttp sessions that clients open for themselves from now on."""
    opened: list[ClientSession] = []

    original = network.new_session

    def new_session() -> ClientSession:
        opened.append(original())
        return opened[-1]

    for module in (network, merchants):
        monkeypatch.setattr(module, "new_session", new_session)
    return opened
