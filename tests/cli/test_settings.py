"""Where settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, Shop, process
from wechatpay_chain import ConfigurationError
from wechatpay_chain.cli.program import parser_of
from wechatpay_chain.cli.settings import Settings
from wechatpay_chain.emulator import KeyPair


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own settings."""
    for name in ("MCHID", "SERIAL", "PRIVATE_KEY", "PROFILE", "APIV3_KEY"):
        monkeypatch.delenv(f"WECHATPAY_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def settings(*arguments: str) -> Settings:
    """The settings of a call with these options."""
    return Settings.read(parser_of("encrypt").parse_args(arguments))


def test_the_first_found_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An option wins over the environment, that over .env, that over wechatpay.toml; each tells where it was found."""
    (tmp_path / "wechatpay.toml").write_text('mchid = "1"\nserial = "S"\n')
    assert (settings().get("mchid"), settings().origin("mchid")) == ("1", "wechatpay.toml")
    (tmp_path / ".env").write_text("WECHATPAY_MCHID=2\n")
    assert (settings().get("mchid"), settings().origin("mchid")) == ("2", "WECHATPAY_MCHID in .env")
    monkeypatch.setenv("WECHATPAY_MCHID", "3")
    assert settings().get("mchid") == "3"
    assert settings("--mchid", "4").get("mchid") == "4"
    assert settings("--mchid", "4").get("serial") == "S"


def test_profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile adds to what stands above it; an option or a variable chooses it; an unknown one is refused."""
    (tmp_path / "wechatpay.toml").write_text('mchid = "1"\nserial = "S"\n[profiles.test]\nmchid = "9"\n')
    assert settings("--profile", "test").get("mchid") == "9"
    assert settings("--profile", "test").get("serial") == "S"
    monkeypatch.setenv("WECHATPAY_PROFILE", "test")
    assert settings().get("mchid") == "9"
    with pytest.raises(ConfigurationError, match="no profile 'other'"):
        settings("--profile", "other")


def test_paths_are_beside_the_file(tmp_path: Path) -> None:
    """A relative path in the file is beside it, wherever the command runs; keys come from files."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "key").write_text("k" * 32 + "\n")
    (tmp_path / "shop" / "wechatpay.toml").write_text('private_key = "apiclient_key.pem"\napiv3_key_file = "key"\n')
    found = settings("--config", "shop/wechatpay.toml")
    assert Path(found.require("private_key")) == Path("shop/apiclient_key.pem")
    assert found.require("apiv3_key") == "k" * 32
    assert "kkkk" not in repr(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mchid = 1900000109", "Write it in quotes"),
        ('mchId = "1"', "no such setting.*mchid"),
        ("mchid", "no TOML"),
        ('apiv3_key_file = "none"', "cannot be read"),
    ],
)
def test_mistakes_in_the_file(text: str, said: str, tmp_path: Path) -> None:
    """What can't be meant is refused with its name."""
    (tmp_path / "wechatpay.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        settings()


def test_keys_are_no_arguments(tmp_path: Path) -> None:
    """A key in the arguments is refused: an option takes the path of its file."""
    with pytest.raises(ConfigurationError, match="shows in the list of processes"):
        settings("--private-key", "-----BEGIN PRIVATE KEY-----")
    (tmp_path / "key").write_text("k" * 32)
    assert settings("--apiv3-key-file", str(tmp_path / "key")).require("apiv3_key") == "k" * 32


def test_a_key_in_the_place_of_its_file(run: Run, shop: Shop) -> None:
    """A key where the path of its file belongs is not shown, neither as an option nor in the file of settings."""
    key = "0123456789abcdefABCDEF9876543210"
    done = run("doctor", "--offline", "--apiv3-key-file", key)
    assert "as an API key has" in " ".join((done.out + done.err).split())
    (shop.folder / "wechatpay.toml").write_text(f'apiv3_key_file = "{key}"\n')
    noted = run("doctor", "--offline")
    assert "as an API key has" in " ".join((noted.out + noted.err).split())
    assert key not in done.out + done.err + noted.out + noted.err


def test_a_key_as_text(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a key in a variable, with the line end that it ends with, is no mistake for `doctor`."""
    monkeypatch.setenv("WECHATPAY_PRIVATE_KEY", shop.emulator.merchant_key.private_pem)
    done = run("doctor", "--offline")
    assert "✓ private_key: from the variable WECHATPAY_PRIVATE_KEY" in done.out


def test_missing(run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing setting ends with 2, and says all ways to give it."""
    monkeypatch.delenv("WECHATPAY_SERIAL")
    done = run("call", "post", "v3/security/echo")
    assert done.code == 2
    for way in ("--serial", "WECHATPAY_SERIAL", ".env", "wechatpay.toml"):
        assert way in done.err


def test_without_the_extra(shop: Shop) -> None:
    """What the extra brings is asked for by its name where it is missing; what doesn't need it works without."""
    (shop.folder / ".env").write_text("A=1\n")
    hide = shop.folder / "hidden" / "dotenv.py"
    hide.parent.mkdir()
    hide.write_text("raise ImportError('No module named dotenv')")
    done = process(shop, "call", "post", "v3/security/echo", variables={"PYTHONPATH": str(hide.parent)})
    assert (done.code, done.out) == (2, "")
    assert "pip install 'wechatpay-chain[cli]'" in done.err


def test_a_brand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, merchant_pair: KeyPair, platform_pair: KeyPair
) -> None:
    """A brand alone needs nothing of a merchant; what is missing of it is named."""
    (tmp_path / "key.pem").write_text(merchant_pair.private_pem)
    (tmp_path / "public.pem").write_text(platform_pair.public_pem)
    lines = {
        "brand_id": "1004",
        "brand_serial": merchant_pair.serial,
        "brand_private_key": "key.pem",
        "brand_public_key_id": platform_pair.serial,
        "base_url": "http://127.0.0.1:1",
    }
    file = tmp_path / "wechatpay.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    with pytest.raises(ConfigurationError, match="brand_public_key"):
        settings().arguments()
    monkeypatch.setenv("WECHATPAY_BRAND_PUBLIC_KEY", str(tmp_path / "public.pem"))
    found = settings().arguments()
    assert found.keys() == {"brand", "base_url"}
    assert found["brand"].brand_id == "1004"
    with pytest.raises(ConfigurationError, match="serial"):
        settings("--mchid", "1900000109").arguments()
