"""`emulator`: the emulator on a port, for programs in other processes."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from ...emulator import Emulator

_ENVIRONMENT = "wechatpay.env"
_PRIVATE_KEY = "apiclient_key.pem"
_PUBLIC_KEY = "wechatpay_public_key.pem"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `emulator`."""
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write keys and settings")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (a free one)")
    parser.add_argument("--mchid", default="1900000109", help="merchant number (1900000109)")
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    try:
        asyncio.run(_run(options.out, options.host, options.port, options.mchid))
    except FileExistsError as error:
        print(f"{error.filename} exists and is not overwritten: give another folder with --out", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"the emulator can't start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _run(folder: Path, host: str, port: int, mchid: str) -> None:
    emulator = Emulator(mchid=mchid)
    async with emulator.listen(host, port) as base_url:
        _write(folder, emulator, base_url)
        print(f"listening on {base_url}")
        print(f"settings in  {folder / _ENVIRONMENT}: load them, then WeChatPay.from_env()", flush=True)
        await asyncio.Event().wait()  # until Ctrl-C


def _write(folder: Path, emulator: Emulator, base_url: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (platform_key,) = emulator.platform_keys
    settings = {
        "MCHID": emulator.mchid,
        "SERIAL": emulator.merchant_key.serial,
        "PRIVATE_KEY": (folder / _PRIVATE_KEY).resolve(),
        "PUBLIC_KEY": (folder / _PUBLIC_KEY).resolve(),
        "PUBLIC_KEY_ID": platform_key.serial,
        "APIV3_KEY": emulator.apiv3_key,
        "BASE_URL": base_url,
    }
    for name, text in (
        (_PRIVATE_KEY, emulator.merchant_key.private_pem),
        (_PUBLIC_KEY, platform_key.public_pem),
        (_ENVIRONMENT, "".join(f"WECHATPAY_{name}={value}\n" for name, value in settings.items())),
    ):
        _write_private(folder / name, text)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and never over another: it might hold a real key."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
