"""The merchant certificate, presented to a TLS server that demands it, and to no other."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from wechatpay_chain import APIError, ConfigurationError, ConnectionFailed, NotFound, Request, WeChatPay
from wechatpay_chain.crypto import serials
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.policies.retry import RetryPolicy

REVERSE: Any = {"appid": "wx1", "out_trade_no": "A1", "transaction_id": "1"}


async def reach(path: Any) -> None:
    """Call the platform, which takes the call: only the order isn't there."""
    with pytest.raises(NotFound) as caught:
        await path.post(xml=REVERSE)
    assert caught.value.has_code("ORDERNOTEXIST")


def _usage(*, authority: bool) -> x509.KeyUsage:
    """From Python 3.13 on an authority without it is not believed."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


class Authority:
    """Certificates of a made-up authority, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._certify(self._name, self._key.public_key(), authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _certify(self, name: x509.Name, key: Any, *, authority: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(authority=authority), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def issue(self, name: str, key: Any) -> x509.Certificate:
        """A certificate for a key."""
        return self._certify(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())

    def server(self, verify: ssl.VerifyMode) -> ssl.SSLContext:
        """What a server needs, which asks for certificates of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain = self.folder / "server.pem"
        chain.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + self.issue("server", key).public_bytes(Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.file)
        context.load_cert_chain(chain)
        context.verify_mode = verify
        return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    made = Authority(tmp_path)
    # Where OpenSSL looks for trusted authorities.
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def platform(authority: Authority, merchant_key: RSAPrivateKey, platform_pair: KeyPair) -> Emulator:
    """A platform that knows the merchant by a certificate of the authority."""
    certificate = authority.issue("merchant", merchant_key)
    serial = serials.from_number(certificate.serial_number)
    merchant = KeyPair(serial=serial, private_key=merchant_key, certificate=certificate)
    return Emulator(merchant_key=merchant, platform_keys=[platform_pair])


@asynccontextmanager
async def session(authority: Authority) -> AsyncIterator[aiohttp.ClientSession]:
    """A session of the caller's own that trusts the authority."""
    trusting = ssl.create_default_context(cafile=authority.file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as made:
        yield made


@pytest.mark.parametrize("form", ["pem", "pkcs12", "context"])
async def test_the_certificate_in_every_form(
    authority: Authority, platform: Emulator, merchant_key: RSAPrivateKey, form: str
) -> None:
    """PEM, PKCS#12 with the merchant's number as password, and a context of the caller's own reach a strict server."""
    credentials = platform.credentials()
    certificate = platform.merchant_key.certificate
    if form == "pkcs12":
        bundle = authority.folder / "apiclient_cert.p12"
        encryption = BestAvailableEncryption(platform.mchid.encode())
        bundle.write_bytes(pkcs12.serialize_key_and_certificates(b"m", merchant_key, certificate, None, encryption))
        credentials |= {"merchant_cert": bundle, "private_key": bundle}
    elif form == "context":
        context = ssl.create_default_context()
        pair = authority.folder / "pair.pem"
        pair.write_text(platform.merchant_key.private_pem + platform.merchant_key.public_pem)
        context.load_cert_chain(pair)
        credentials["merchant_cert"] = context
    strict = authority.server(ssl.CERT_REQUIRED)
    async with platform.listen(tls=strict) as base_url, WeChatPay(**credentials, base_url=base_url) as wxpay:
        await reach(wxpay.v2.secapi.pay.reverse)


async def test_only_those_calls_present_it(authority: Authority, platform: Emulator) -> None:
    """On one server calls with and without the certificate use connections of their own, and keep them."""
    connections: list[tuple[str, bool, int]] = []
    lenient = authority.server(ssl.CERT_OPTIONAL)

    application = web.Application()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        presented = bool(request.transport.get_extra_info("peercert"))
        connections.append((request.path, presented, request.transport.get_extra_info("peername")[1]))
        response = await platform.receive(
            Request(method="POST", template=request.path, body=await request.read(), security=presented)
        )
        return web.Response(body=response.content)

    application.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=lenient).start()
    base_url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with session(authority) as own:
            wxpay = WeChatPay(**platform.credentials(), base_url=base_url, session=own)
            for _ in range(2):
                await reach(wxpay.v2.pay.orderquery)
                await reach(wxpay.v2.secapi.pay.reverse)
    finally:
        await runner.cleanup()
    assert [(path, presented) for path, presented, _ in connections] == [
        ("/pay/orderquery", False),
        ("/secapi/pay/reverse", True),
    ] * 2
    plain, certified = ({port for _, shown, port in connections if shown is presented} for presented in (False, True))
    assert len(plain) == len(certified) == 1
    assert plain != certified


async def test_without_it_the_server_refuses(authority: Authority, platform: Emulator) -> None:
    """A call that is told not to present it is refused by the platform, and by a strict server's handshake."""
    async with session(authority) as own:
        async with platform.listen(tls=authority.server(ssl.CERT_OPTIONAL)) as base_url:
            wxpay = WeChatPay(**platform.credentials(), base_url=base_url, session=own)
            with pytest.raises(APIError, match="证书"):
                await wxpay.v2.secapi.pay.reverse.post(xml=REVERSE, security=False)
        async with platform.listen(tls=authority.server(ssl.CERT_REQUIRED)) as base_url:
            wxpay = WeChatPay(**platform.credentials(), base_url=base_url, session=own)
            with pytest.raises(ConnectionFailed):
                await wxpay.v2.secapi.pay.reverse.post(xml=REVERSE, security=False)


async def test_an_untrusted_server(
    authority: Authority, platform: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The certificate isn't shown to a server that nobody vouches for."""
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path / "other").file))
    async with (
        platform.listen(tls=authority.server(ssl.CERT_OPTIONAL)) as base_url,
        WeChatPay(**platform.credentials(), base_url=base_url, retry=RetryPolicy(attempts=1)) as wxpay,
    ):
        with pytest.raises(ConnectionFailed) as caught:
            await wxpay.v2.secapi.pay.reverse.post(xml=REVERSE)
    assert caught.value.outcome == "not_sent"
    assert not platform.calls


async def test_apiv3_by_request(emulator: Emulator) -> None:
    """`security=True` of any call wants the certificate, and says when there is none."""
    async with WeChatPay(**emulator.credentials(merchant_cert=None)) as wxpay:
        with pytest.raises(ConfigurationError, match="merchant_cert"):
            await wxpay["v3/certificates"].get(security=True)


def test_a_certificate_without_its_key(emulator: Emulator) -> None:
    """With a signer elsewhere a certificate alone can't be presented, and the call says what to give instead."""

    class Remote:
        async def sign(self, message: bytes) -> bytes:
            return b""

    wxpay = WeChatPay(**emulator.credentials(private_key=Remote()), transport=emulator)
    with pytest.raises(ConfigurationError, match="SSLContext"):
        wxpay.v2.secapi.pay.reverse.post(xml=REVERSE).send(None)


async def test_no_folder_for_temporary_files(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the certificate can't be put where TLS reads it from, the call is refused unsent, and says what to do."""
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
        with pytest.raises(ConfigurationError, match="TMPDIR") as caught:
            await wxpay.v2.secapi.pay.reverse.post(xml=REVERSE)
    assert (caught.value.argument, caught.value.outcome) == ("merchant_cert", "not_sent")
    assert not emulator.calls
