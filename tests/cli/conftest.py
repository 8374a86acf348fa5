"""What the tests of the commands share: a platform on a port, a folder with settings, and ways to run commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from wechatpay_chain.cli import main
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.platform.keys import KeyPair

ACCOUNT = "6222 0000 1111"
APIV2_KEY = "0123456789abcdef0123456789abcdef"


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


class Shop(NamedTuple):
    """A merchant's folder, and the platform that it talks to."""

    folder: Path
    emulator: Emulator
    base_url: str
    variables: dict[str, str]

    @property
    def secrets(self) -> list[str]:
        """What no output may hold: keys, and the account that the tests send."""
        key = "".join(self.emulator.merchant_key.private_pem.splitlines()[1:-1])
        return [self.emulator.apiv3_key, APIV2_KEY, ACCOUNT, key[:40], key[100:140], "PRIVATE KEY"]


@pytest.fixture(scope="session")
def listening(merchant_pair: KeyPair, platform_pair: KeyPair) -> Iterator[tuple[Emulator, str]]:
    """A platform on a port, for all tests of the commands."""
    emulator = Emulator(merchant_key=merchant_pair, platform_keys=[platform_pair], apiv2_key=APIV2_KEY)
    with emulator.listen() as base_url:
        yield emulator, base_url


@pytest.fixture
def shop(listening: tuple[Emulator, str], tmp_path: Path) -> Shop:
    """A folder with keys, and the variables that name them."""
    emulator, base_url = listening
    folder = tmp_path / "shop"
    folder.mkdir()
    (platform,) = emulator.platform_keys
    (folder / "apiclient_key.pem").write_text(emulator.merchant_key.private_pem)
    (folder / "wechatpay_public_key.pem").write_text(platform.public_pem)
    (folder / "account").write_text(ACCOUNT)
    return Shop(
        folder,
        emulator,
        base_url,
        {
            "WECHATPAY_MCHID": emulator.mchid,
            "WECHATPAY_SERIAL": emulator.merchant_key.serial,
            "WECHATPAY_PRIVATE_KEY": str(folder / "apiclient_key.pem"),
            "WECHATPAY_PUBLIC_KEY": str(folder / "wechatpay_public_key.pem"),
            "WECHATPAY_PUBLIC_KEY_ID": platform.serial,
            "WECHATPAY_APIV3_KEY": emulator.apiv3_key,
            "WECHATPAY_APIV2_KEY": APIV2_KEY,
            "WECHATPAY_BASE_URL": base_url,
        },
    )


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of that shop in this process."""
    monkeypatch.chdir(shop.folder)
    for name in [name for name in os.environ if name.startswith("WECHATPAY_")]:
        monkeypatch.delenv(name)
    for name, value in shop.variables.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str | Path) -> Done:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capfd.readouterr()
        return Done(int(code), str(out), str(err))

    return run


def environment(shop: Shop, **more: str) -> dict[str, str]:
    """The variables of a process that runs a command of that shop."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WECHATPAY_")}
    return {**kept, **shop.variables, "PYTHONPATH": str(Path(__file__).parents[2]), **more}


def process(shop: Shop, *arguments: str | Path, variables: dict[str, str] | None = None, **options: Any) -> Done:
    """Run a command of that shop as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "wechatpay_chain", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        cwd=shop.folder,
        env=environment(shop, **(variables or {})),
        **options,
    )
    return Done(done.returncode, done.stdout, done.stderr)
