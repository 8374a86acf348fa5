"""Answers as they go out: signed, by the right key, encrypted for the merchant."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.raw import ECHO, RawClient
from wechatpay_chain import (
    NotFound,
    Request,
    Response,
    WeChatPay,
)
from wechatpay_chain.credentials.platform_keys import PlatformKey, PlatformKeys
from wechatpay_chain.crypto import aead, rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.wire import v3


def verify(answer: Response[Any], emulator: Emulator) -> None:
    """Check an answer's signature against the emulator's keys."""
    keys = PlatformKeys(PlatformKey(key.serial, key.rsa_key.public_key()) for key in emulator.platform_keys)
    v3.verify(answer.headers, answer.content, keys, time.time())


def test_answers_are_signed(raw: RawClient) -> None:
    """Answers and refusals of a known merchant are signed, those without content too."""
    raw.post("/v3/pay/transactions/native", raw.order())
    closing = "/v3/pay/transactions/out-trade-no/A1/close"
    for answer, status in (
        (raw.post(ECHO, {"echo_message": "a"}), 200),
        (raw.post(closing, {"mchid": "1900000109"}), 204),
        (raw.post(ECHO, {}), 400),
        (raw.send("GET", "/v3/unknown"), 404),
    ):
        assert answer.status == status
        verify(Response(status=answer.status, headers=answer.headers, content=answer.content), raw.emulator)


async def test_file_answers_are_not_signed(both: Emulator, clock: Clock) -> None:
    """A bill comes without signature, an overseas statement with one over its digest."""
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock)
    bill = await wxpay.v3.billdownload.file.get(params={"token": "t"})
    assert not v3.is_signed(bill.headers)
    assert bill.headers["Content-Type"].startswith("text/csv")
    statement = await wxpay.v3.global_.statements.get(params={"mchid": "1900000109", "date": "20260101"})
    assert statement.verified


async def test_the_named_key_signs(both: Emulator, platform_pair: KeyPair, certificate: KeyPair, clock: Clock) -> None:
    """The key that `Wechatpay-Serial` names signs the answer; a certificate where it names none or an unknown one."""
    for named, expected in (
        (platform_pair.serial, platform_pair.serial),
        (certificate.serial.lower(), certificate.serial),
        ("", certificate.serial),
        ("0" * 40, certificate.serial),
    ):

        async def naming(request: Request, named: str = named) -> Response[Any]:
            return await both(request.changed(headers=request.headers.plus("Wechatpay-Serial", named)))

        wxpay = WeChatPay(**both.credentials(), transport=naming, clock=clock)
        answer = await wxpay.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})
        assert answer.headers["Wechatpay-Serial"] == expected


async def test_rotation(emulator: Emulator, certificate: KeyPair) -> None:
    """A key that is put in place later signs from then on."""
    emulator.platform_keys = (certificate,)
    request = await _signed_request(emulator, "GET", "/v3/certificates")
    answer = await emulator(request)
    assert answer.headers["Wechatpay-Serial"] == certificate.serial
    verify(answer, emulator)


async def _signed_request(emulator: Emulator, method: str, path: str) -> Request:
    kept: list[Request] = []

    async def keep(request: Request) -> Response[Any]:
        kept.append(request)
        return await emulator(request)

    async with WeChatPay(**emulator.credentials(), transport=keep) as wxpay:
        await wxpay.send(Request(method=method, template=path))
    return kept[0]


async def test_certificates_open_with_the_apiv3_key(both: Emulator, certificate: KeyPair, clock: Clock) -> None:
    """The platform certificates are told encrypted with the APIv3 key."""
    wxpay = WeChatPay(**both.credentials(), transport=both, clock=clock)
    (told,) = (await wxpay.v3.certificates.get()).json()["data"]
    sealed = told["encrypt_certificate"]
    opened = aead.decrypt(
        both.apiv3_key.encode(), sealed["nonce"].encode(), sealed["ciphertext"], sealed["associated_data"].encode()
    )
    assert (told["serial_no"], opened.decode()) == (certificate.serial, certificate.public_pem)


async def test_no_certificates_in_public_key_mode(emulator: Emulator) -> None:
    """A merchant that only has the public key is told so where certificates are asked for."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        with pytest.raises(NotFound, match="无可用的平台证书"):
            await wxpay.v3.certificates.get()


def test_echo_is_encrypted_for_the_merchant(raw: RawClient) -> None:
    """What came encrypted goes back encrypted, for the merchant's key."""
    answer = raw.post(ECHO, {"echo_message": "a", "encrypted_echo_message": raw.seal("秘密")})
    assert answer.body["echo_message"] == "a"
    assert rsa.decrypt(raw.emulator.merchant_key.rsa_key, answer.body["encrypted_echo_message"]) == "秘密"
