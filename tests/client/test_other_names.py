"""What other SDKs call a client's arguments leads to their names here."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from wechatpay_chain import SyncWeChatPay, WeChatPay
from wechatpay_chain.client.options import Arguments
from wechatpay_chain.client.other_names import OF_CLIENTS, check_arguments
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.http.names import letters


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("privateKey", "private_key=..."),
        ("apiV3Key", "apiv3_key=..."),
        ("mch_id", "mchid=..."),
        ("baseUrl", "base_url=..."),
        ("secret", "apiv2_key=..."),
        ("merchant", "merchant_cert="),
        ("cert_serial_no", "serial=..."),
        ("public_key_id", "certs={'PUB_KEY_ID_...'"),
        ("appid", "give it in the payload of each call"),
        ("time_out", "timeout=..."),
        ("logger", "observe=logged()"),
        ("wechatpay_type", "give it as the path of each call"),
    ],
)
@pytest.mark.parametrize("client", [WeChatPay, SyncWeChatPay])
def test_the_right_name(emulator: Emulator, client: Any, name: str, meant: str) -> None:
    """An argument by another SDK's name, or misspelt, is a TypeError that says which one is meant."""
    with pytest.raises(TypeError, match=name) as caught:
        client(**emulator.credentials(), **{name: "x"})
    assert meant in str(caught.value)


def test_nothing_resembles_it(emulator: Emulator) -> None:
    """A name that resembles none is named all the same, as any function does."""
    unknown: Any = {"qqq": 1}
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'qqq'$"):
        WeChatPay(**emulator.credentials(), **unknown)


def test_no_frame_holds_a_key(emulator: Emulator) -> None:
    """Tools that print the local variables of a traceback find no argument in it."""
    given: Any = {"apiv3_key": "k" * 32, "secret": "s" * 32}
    with pytest.raises(TypeError) as caught:
        WeChatPay("1900000109", "A" * 40, "p" * 40, {}, **given)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert not [frame for frame in told.stack if frame.name == "__init__"]
    assert "s" * 32 not in str(caught.value)


def test_the_table_names_arguments_that_there_are() -> None:
    """Each row stands under the letters of its name, is no argument of ours, and leads to arguments that there are."""
    ours = {letters(name) for name in Arguments.__annotations__}
    for name, meant in OF_CLIENTS.items():
        assert name == letters(name)
        assert name not in ours
        if not meant.startswith("it "):
            assert meant.partition("=")[0] in Arguments.__annotations__


def test_known_names_pass() -> None:
    """All arguments of a client are known."""
    check_arguments("WeChatPay", Arguments.__annotations__, Arguments.__annotations__)
