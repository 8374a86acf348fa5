"""`init`: writes wechatpay.toml, from questions, from options, or from the portal's zip of the certificate."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable
from getpass import getpass
from pathlib import Path

from ...credentials.merchant import check_mchid
from ...crypto import keys, serials
from ...crypto.api_keys import load_apiv2_key, load_apiv3_key
from ...errors import ConfigurationError
from ..exits import Exit
from ..inputs import write_private
from ..known_settings import FILE, SETTINGS, Known
from ..parser import SETTING
from ..setting_sources import read_key_file
from ..settings import add_settings
from ..terminal import tell

_KEY, _CERTIFICATE = "apiclient_key.pem", "apiclient_cert.pem"
_LARGEST = 1 << 20
_MCHID = re.compile(r"(?:CN|2\.5\.4\.3)=(\d{8,10})(?!\d)")
# What checks a key that is kept in a file of its own.
_LOADERS: dict[str, Callable[[str], object]] = {"apiv3_key": load_apiv3_key, "apiv2_key": load_apiv2_key}
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
    values: dict[str, str] = {}
    for known in SETTINGS:
        if value := getattr(options, f"{SETTING}{known.name}"):
            values[known.name] = _beside(value, folder) if known.is_key or known.is_path else value
            try:
                _check(known.name, values[known.name], folder, values.get("mchid", ""))
            except ConfigurationError as error:
                tell(f"warning: {error}")
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
    """Ask for the settings that are missing; an empty answer leaves one out."""
    asked = dict(values)
    for known in SETTINGS:
        if known.name not in _ASKED or known.name in asked:
            continue
        if known.is_key and not known.is_path:
            if secret := _answer_of(known, folder, asked.get("mchid", "")):
                asked[known.name] = _kept(known, secret, folder)
        elif answer := _answer_of(known, folder, asked.get("mchid", "")):
            asked[known.name] = _beside(answer, folder) if known.is_path else answer
    return asked


def _answer_of(known: Known, folder: Path, mchid: str) -> str:
    """Ask until the answer is plausible; an empty one leaves the setting out."""
    while True:
        if known.is_key and not known.is_path:
            answer = getpass(f"{known.name} (not shown; empty for none): ", stream=sys.stderr)
        else:
            print(f"{known.name}, {known.purpose} (empty for none): ", end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline().strip()
        if not answer:
            return ""
        try:
            if known.name == "apiv3_key":
                load_apiv3_key(answer)
            else:
                _check(known.name, _beside(answer, folder) if known.is_path else answer, folder, mchid)
        except ConfigurationError as error:
            tell(str(error))
        else:
            return answer


def _beside(value: str, folder: Path) -> str:
    """A path as it is written into the settings, where it is relative to their folder."""
    path = Path(value)
    if path.is_absolute() or (folder / path).exists() or not path.exists():
        return value
    return Path(os.path.relpath(path, folder)).as_posix()


def _check(name: str, value: str, folder: Path, mchid: str) -> None:
    """Check that a setting is plausible.

    Args:
        name: of the setting.
        value: of a key, the path of its file.
        folder: of the settings.
        mchid: the merchant's number, which is the password of a .p12 file.

    Raises:
        ConfigurationError: the form is wrong, a file can't be read, or it holds another kind of key.
    """
    if name == "mchid":
        check_mchid(value)
    if name == "public_key_id" and not (
        value.startswith(serials.PUBLIC_KEY_PREFIX) or serials.is_certificate_serial(value)
    ):
        raise ConfigurationError(
            name, f"it doesn't begin with {serials.PUBLIC_KEY_PREFIX}", "Give it whole, as the merchant portal shows it"
        )
    if name == "serial" and not serials.is_certificate_serial(value):
        raise ConfigurationError(
            name, "it is no serial of a certificate", "Give the 40 hexadecimal digits that the merchant portal shows"
        )
    path = folder / value
    if name in {"private_key", "public_key"} and not path.is_file():
        raise ConfigurationError(name, f"there is no file {str(path)!r}", "Give the path of its file")
    if name == "private_key":
        keys.load_private_key(str(path), password=mchid)
    elif name == "public_key":
        keys.load_public_key(str(path), argument=name)
    elif name in _LOADERS:
        _LOADERS[name](read_key_file(path, name))


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
