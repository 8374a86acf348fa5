"""The folder that an emulator writes for other programs: keys, a `.env` file, and its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from ..errors import ConfigurationError
from .platform.keys import KeyPair
from .private_files import write_new_private, write_private
from .world.merchants import Merchant

DEFAULT = Path(".wechatpay-emulator")
"""The folder of an emulator that is given no other."""

ENVIRONMENT = "wechatpay.env"
_RUNNING = "emulator.json"
_PRIVATE_KEY = "apiclient_key.pem"
_MERCHANT_CERTIFICATE = "apiclient_cert.pem"
_PUBLIC_KEY = "wechatpay_public_key.pem"


def settings_of(folder: Path, merchant: Merchant, platform_key: KeyPair, base_url: str) -> Mapping[str, str]:
    """The environment variables that `WeChatPay.from_env()` reads, for a client of this merchant.

    Args:
        folder: where the keys are.
        merchant: whose client it is.
        platform_key: what the client believes.
        base_url: where the emulator listens.
    """
    # Python's TLS can't present a key of SM2.
    certificate = {"WECHATPAY_MERCHANT_CERT": str((folder / _MERCHANT_CERTIFICATE).resolve())}
    return {
        "WECHATPAY_MCHID": merchant.mchid,
        "WECHATPAY_SERIAL": merchant.key.serial,
        "WECHATPAY_PRIVATE_KEY": str((folder / _PRIVATE_KEY).resolve()),
        **(certificate if merchant.key.algorithm == "RSA" else {}),
        "WECHATPAY_PUBLIC_KEY": str((folder / _PUBLIC_KEY).resolve()),
        "WECHATPAY_PUBLIC_KEY_ID": platform_key.serial,
        "WECHATPAY_APIV3_KEY": merchant.apiv3_key,
        "WECHATPAY_APIV2_KEY": merchant.apiv2_key,
        "WECHATPAY_BASE_URL": base_url,
    }


def write_keys(folder: Path, merchant: Merchant, platform_key: KeyPair, base_url: str, *, over: bool) -> None:
    """Write the keys and the settings into a folder that only its owner may enter.

    Args:
        folder: where to.
        merchant: whose keys.
        platform_key: what the client believes.
        base_url: where the emulator listens.
        over: whether files of these names may be written over.

    Raises:
        FileExistsError: there is one of these names, and it may not.
        OSError: the folder can't be written.
    """
    write: Callable[[Path, str], None] = write_private if over else write_new_private
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = settings_of(folder, merchant, platform_key, base_url)
    write(folder / _PRIVATE_KEY, merchant.key.private_pem)
    write(folder / _MERCHANT_CERTIFICATE, merchant.key.public_pem)
    write(folder / _PUBLIC_KEY, platform_key.public_pem)
    write(folder / ENVIRONMENT, "".join(f"{name}={value}\n" for name, value in settings.items()))


def write_running(folder: Path, base_url: str) -> None:
    """Note where an emulator listens, so that commands find it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _RUNNING, orjson.dumps({"base_url": base_url}).decode())


def forget_running(folder: Path) -> None:
    """Remove the note of where an emulator listens."""
    (folder / _RUNNING).unlink(missing_ok=True)


def find_running(folder: Path) -> str:
    """Where the emulator of a folder listens.

    Raises:
        ConfigurationError: none does, as far as the folder knows.
    """
    try:
        base_url = orjson.loads((folder / _RUNNING).read_bytes())["base_url"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(
            "folder",
            f"no emulator runs with the folder {folder}",
            "Start one (wechatpay-chain emulator), or give its --folder; one that was started with --out or --memory "
            "is found by its --url alone",
        ) from None
    return str(base_url)
