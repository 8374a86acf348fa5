"""`certificates`: downloads the platform's certificates into a folder, lists them, and renews them there."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from ...credentials.certificate_download import MAINLAND, OVERSEAS, AlgorithmType, open_certificates
from ...credentials.platform_keys import load_platform_keys
from ...crypto.api_keys import load_apiv3_key
from ...errors import ConfigurationError, NotFound, WeChatPayError
from ...files.disk import part_of
from ...wire.v3 import certificates
from ..checks import Check, exit_of_checks, failed, show
from ..exits import Exit
from ..settings import Settings, add_settings, certificates_in
from ..terminal import tell

_SOON = timedelta(days=60)
_HOUR = 3600.0
_LONGEST = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `certificates`."""
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    purpose = "Download the certificates into a folder, a file SERIAL.pem each."
    download = kinds.add_parser("download", help="download them into a folder", description=purpose)
    download.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="where they are written, as SERIAL.pem"
    )
    download.add_argument("--overseas", action="store_true", help="those of the global path")
    download.add_argument(
        "--algorithm", choices=get_args(AlgorithmType), help="of which kind; by default the private key's"
    )
    download.add_argument("--keep", action="store_true", help="go on renewing them until Ctrl-C")
    download.add_argument("--every", type=float, default=8.0, metavar="HOURS", help="with --keep: how often (8)")
    download.set_defaults(run=_download)
    add_settings(download)
    listed = kinds.add_parser("list", help="those of a folder, and whether they are valid", description="List them.")
    listed.add_argument("folder", type=Path, metavar="FOLDER", help="that holds them, as SERIAL.pem")
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.set_defaults(run=_list)


def _download(options: argparse.Namespace) -> int:
    if not 0 < options.every < _LONGEST:
        raise ConfigurationError("--every", f"{options.every} hours", f"Give less than {_LONGEST}")
    settings = Settings.read(options)
    settings.require("apiv3_key")
    path = OVERSEAS if options.overseas else MAINLAND
    while True:
        try:
            _write(asyncio.run(_fetch(settings, path, options.algorithm)), options.to)
        except WeChatPayError as error:
            if not options.keep or isinstance(error, ConfigurationError):
                raise
            tell(f"not renewed this time: {error}")
        if not options.keep:
            return Exit.DONE
        try:
            asyncio.run(asyncio.sleep(options.every * _HOUR))
        except KeyboardInterrupt:
            return Exit.DONE


async def _fetch(settings: Settings, path: str, algorithm: AlgorithmType | None) -> dict[str, bytes]:
    """The certificates as PEM, by their serials."""
    key = load_apiv3_key(settings.require("apiv3_key")) or b""
    async with settings.client() as wxpay:
        try:
            wanted = algorithm or wxpay.options.credentials.algorithm
            answer = await wxpay.chain(path).get(params=None if wanted == "RSA" else {"algorithm_type": wanted})
        except NotFound as error:
            error.add_note("New merchants have no platform certificates: use the WeChat Pay public key")
            raise
    told = certificates.parse(answer.content)
    open_certificates(told, key)  # ensures that only valid certificates with these serials are written
    return {sealed.serial: sealed.open(key) for sealed in told}


def _write(pems: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for serial, pem in pems.items():
        target = folder / f"{serial}.pem"
        part = part_of(target)
        try:
            part.write_bytes(pem)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        print(target, flush=True)


def _list(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    checks = show((_check(path, now) for path in certificates_in(options.folder)), json=options.json)
    if not checks:
        remedy = "Run `wechatpay-chain certificates download --to FOLDER`"
        raise ConfigurationError("FOLDER", f"there are none in {options.folder}", remedy)
    return exit_of_checks(checks)


def _check(path: Path, now: datetime) -> Check:
    try:
        (key,) = load_platform_keys({path.stem: path})
    except ConfigurationError as error:
        return failed(path.name, error)
    if key.not_after is None or key.not_before is None:
        return Check(name=key.serial, result="ok", found="a public key, which doesn't expire")
    found = f"valid from {key.not_before:%Y-%m-%d} to {key.not_after:%Y-%m-%d}"
    if not key.is_valid(now):
        return Check(name=key.serial, result="wrong", found=found, causes=("Download the current ones",))
    if key.not_after - now < _SOON:
        return Check(name=key.serial, result="warning", found=found, causes=("Download the next one when it is there",))
    return Check(name=key.serial, result="ok", found=found)
