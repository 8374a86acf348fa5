"""`init`: wechatpay.toml, from questions, from options, or from the portal's zip of the certificate."""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from getpass import getpass
from pathlib import Path

from ...crypto import keys, serials
from ...errors import ConfigurationError
from ..exits import Exit
from ..inputs import write_private
from ..settings import FILE, SETTINGS, Known, add_settings
from ..terminal import tell

_KEY, _CERTIFICATE = "apiclient_key.pem", "apiclient_cert.pem"
_LARGEST = 1 << 20
_MCHID = re.compile(r"(?:CN|2\.5\.4\.3)=(\d{8,10})(?!\d)")
_ASKED = ("mchid", "serial", "private_key", "public_key_id", "public_key", "apiv3_key")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `init`."""
    parser.add_argument(
        "--from-zip", type=Path, metavar="FILE", help="the zip of the merchant portal's certificate tool"
    )
    parser.add_argument("--to", type=Path, default=Path(), metavar="FOLDER", help="where to write (the working folder)")
    parser.add_argument("--yes", action="store_true", help="ask nothing: take what the options and the zip give")
    add_settings(parser)
    parser.set_defaults(run=_init)


def _init(options: argparse.Namespace) -> int:
    folder: Path = options.to
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    if path.exists() and not options.profile:
        raise ConfigurationError(
            str(path), "it exists and is not overwritten", "Give --profile NAME to add a profile to it"
        )
    values = {known.name: value for known in SETTINGS if (value := getattr(options, f"setting_{known.name}"))}
    if options.from_zip is not None:
        values = {**_from_zip(options.from_zip, folder), **values}
    if not options.yes and sys.stdin.isatty():
        values = _ask(values, folder)
    if not values:
        raise ConfigurationError("init", "nothing was given", "Answer its questions in a terminal, or give options")
    text = _toml(values, options.profile)
    if path.exists():
        text = f"{path.read_text('utf-8').rstrip()}\n\n{text}"
    write_private(path, text.encode(), replace=path.exists())
    tell(f"{path} is written. Next: wechatpay-chain doctor{f' --profile {options.profile}' if options.profile else ''}")
    return Exit.DONE


def _from_zip(path: Path, folder: Path) -> dict[str, str]:
    """Unpack key and certificate, and read number and serial from the certificate."""
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = Path(entry.filename).name
                if name in {_KEY, _CERTIFICATE} and entry.file_size <= _LARGEST:
                    members[name] = archive.read(entry)
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigurationError(
            "--from-zip", f"{path} is no zip that can be read ({error})", "Give the portal's"
        ) from None
    if missing := {_KEY, _CERTIFICATE} - members.keys():
        remedy = "Give the zip that the merchant portal's certificate tool made; it holds both"
        raise ConfigurationError("--from-zip", f"it holds no {', '.join(sorted(missing))}", remedy)
    certificate = keys.load_certificate(members[_CERTIFICATE], argument=_CERTIFICATE)
    keys.load_private_key(members[_KEY], argument=_KEY)
    for name, content in members.items():
        write_private(folder / name, content)
    values = {"private_key": _KEY, "merchant_cert": _CERTIFICATE}
    values["serial"] = serials.from_number(certificate.serial_number)
    if found := _MCHID.search(certificate.subject.rfc4514_string()):
        values["mchid"] = found[1]
    return values


def _ask(values: dict[str, str], folder: Path) -> dict[str, str]:
    """Ask for what isn't there; an empty answer leaves it out."""
    asked = dict(values)
    for known in SETTINGS:
        if known.name not in _ASKED or known.name in asked:
            continue
        if known.is_key and not known.is_path:
            secret = getpass(f"{known.name} (not shown; empty for none): ", stream=sys.stderr)
            if secret:
                asked[known.name] = _kept(known, secret, folder)
            continue
        print(f"{known.name}, {known.purpose} (empty for none): ", end="", file=sys.stderr, flush=True)
        if answer := sys.stdin.readline().strip():
            asked[known.name] = answer
    return asked


def _kept(known: Known, secret: str, folder: Path) -> str:
    """Keep a key in a file of its own, and return that file's name."""
    write_private(folder / known.name, f"{secret}\n".encode())
    return known.name


def _toml(values: dict[str, str], profile: str | None) -> str:
    lines = (
        [f"[profiles.{json.dumps(profile)}]"]
        if profile
        else ["# Settings of wechatpay-chain; paths are beside this file."]
    )
    for known in SETTINGS:
        if known.name in values:
            name = f"{known.name}_file" if known.is_key and not known.is_path else known.name
            # JSON's text is TOML's basic string, but for characters that no setting holds.
            lines.append(f"{name} = {json.dumps(values[known.name], ensure_ascii=False)}")
    return "\n".join([*lines, ""])
