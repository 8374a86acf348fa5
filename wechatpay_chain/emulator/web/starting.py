"""What a new merchant needs to start: settings, key files, and the first call in six languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import folder
from ..platform.keys import KeyPair
from ..world.merchants import Merchant
from . import rendering

LANGUAGES: Mapping[str, str] = {
    "Python": "programs/python.py.txt",
    "curl": "programs/curl.sh.txt",
    "PHP": "programs/php.php.txt",
    "Node.js": "programs/node.cjs.txt",
    "Java": "programs/java.java.txt",
    "Go": "programs/go.go.txt",
}
"""The languages of the first call, with the template for each."""

_APPID = "wx8888888888888888"
_NOTIFY_URL = "http://127.0.0.1:8000/wechatpay/notify"


def first_steps(merchant: Merchant, platform_key: KeyPair, base_url: str) -> dict[str, Any]:
    """A merchant's settings, key files and sample programs.

    Args:
        merchant: the merchant.
        platform_key: the platform's key that its clients trust.
        base_url: where the emulator listens.
    """
    settings = folder.settings_of(Path(), merchant, platform_key, base_url)
    names = {name: Path(value).name if value.endswith(".pem") else value for name, value in settings.items()}
    values = {
        "base_url": base_url,
        "mchid": merchant.mchid,
        "serial": merchant.key.serial,
        "platform_serial": platform_key.serial,
        "apiv3_key": merchant.apiv3_key,
        "appid": _APPID,
        "out_trade_no": "T20260101001",
        "notify_url": _NOTIFY_URL,
    }
    return {
        "mchid": merchant.mchid,
        "settings": "".join(f"{name}={value}\n" for name, value in names.items()),
        "files": {
            "apiclient_key.pem": merchant.key.private_pem,
            "apiclient_cert.pem": merchant.key.public_pem,
            "wechatpay_public_key.pem": platform_key.public_pem,
        },
        "programs": {language: rendering.render(name, **values) for language, name in LANGUAGES.items()},
    }
