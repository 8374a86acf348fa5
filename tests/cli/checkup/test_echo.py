"""What the end of the self-test means."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, Shop
from wechatpay_chain.cli.checkup import echo
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair
from wechatpay_chain.errors import (
    BadRequest,
    ConfigurationError,
    ConnectionFailed,
    SignatureError,
    Unauthorized,
    WeChatPayError,
)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unauthorized("401", status=401, code="SIGN_ERROR"), "private key isn't the one of this serial"),
        (BadRequest("400", code="INVALID_REQUEST", reason="此IP地址不允许调用接口"), "from this machine's address"),
        (BadRequest("400", code="PARAM_ERROR", reason="平台私钥解密失败"), "bears another key's name"),
        (SignatureError("wrong"), "key to verify its answers with is a wrong one"),
        (ConnectionFailed("lost"), "checks of the network"),
        (ConfigurationError("certs", "none", "Give one"), "checks of settings"),
    ],
)
def test_causes(error: WeChatPayError, cause: str) -> None:
    """Each end of the call points to what it proves."""
    assert cause in echo.causes(error)[0]


def test_an_unknown_refusal_claims_nothing() -> None:
    """What isn't known is told as it came, without a guess."""
    assert echo.causes(BadRequest("400", code="OTHER", reason="other")) == ()


@pytest.mark.parametrize(("key", "code"), [("", 0), ("k" * 32, 1)])
def test_the_apiv3_key(
    key: str, code: int, run: Run, shop: Shop, merchant_pair: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the platform has certificates, they prove whether the APIv3 key is this merchant's."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[KeyPair.certified()])
    (platform,) = emulator.platform_keys
    (shop.folder / "certs").mkdir()
    (shop.folder / "certs" / f"{platform.serial}.pem").write_text(platform.public_pem)
    for name in ("PUBLIC_KEY", "PUBLIC_KEY_ID"):
        monkeypatch.delenv(f"WECHATPAY_{name}")
    monkeypatch.setenv("WECHATPAY_CERTS", "certs")
    monkeypatch.setenv("WECHATPAY_APIV3_KEY", key or emulator.apiv3_key)
    with emulator.listen() as base_url:
        done = run("doctor", "--base-url", base_url)
    assert done.code == code, done.out
    said = done.out.replace("\n  ", " ")
    assert ("it opens what the platform sealed" in said) == (code == 0)
    assert ("another merchant's or an old one" in said) == (code == 1)
