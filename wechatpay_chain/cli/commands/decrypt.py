"""`decrypt`: decrypts what the platform encrypted for the merchant, to stdout or a private file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, cast

import orjson

from ...crypto import aead, asymmetric
from ...crypto.api_keys import load_apiv2_key, load_apiv3_key
from ...errors import ConfigurationError
from ...notifications import saved
from ...wire import v2
from ..exits import Exit
from ..inputs import read_bytes, read_text, write_private
from ..settings import Settings, add_settings
from ..terminal import tell


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `decrypt`."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for name, purpose, run in (
        ("field", "a field of an answer, with the merchant's private key", _field),
        ("resource", "the resource of a notification, with the APIv3 key; its signature is not checked", _resource),
        ("req-info", "req_info of a refund notice of APIv2, with the APIv2 key", _req_info),
        ("bill-part", "a part of an encrypted bill", _bill_part),
    ):
        kind = kinds.add_parser(name, help=purpose, description=f"Decrypt {purpose}.")
        kind.add_argument("file", metavar="FILE", help="a file that holds it; - for stdin")
        kind.add_argument("--to", type=Path, metavar="FILE", help="write it there, for its owner alone")
        kind.set_defaults(run=run)
        if name == "bill-part":
            kind.add_argument("--answer", required=True, metavar="FILE", help="the answer that lists the parts")
            kind.add_argument("--part", type=int, default=1, metavar="NUMBER", help="bill_sequence of the part (1)")
        add_settings(kind)


def _field(options: argparse.Namespace) -> int:
    key = Settings.read(options).load_private_key()
    return _hand_out(asymmetric.decrypt(key, read_text(options.file, "FILE").strip()).encode(), options.to)


def _resource(options: argparse.Namespace) -> int:
    content = read_bytes(options.file, "FILE")
    members = _object(saved.parse(content).body if saved.is_message(content) else content)
    resource = cast("dict[str, Any]", members.get("resource", members))
    missing = [name for name in ("nonce", "ciphertext") if not isinstance(resource.get(name), str)]
    if missing:
        raise ConfigurationError("FILE", f"it has no {missing[0]}", "Give a notification, its body, or its resource")
    apiv3_key = load_apiv3_key(Settings.read(options).require("apiv3_key")) or b""
    data = str(resource.get("associated_data") or "")
    algorithm = str(resource.get("algorithm") or aead.AES_256_GCM)
    plain = aead.decrypt(
        apiv3_key, resource["nonce"].encode(), resource["ciphertext"], data.encode(), algorithm=algorithm
    )
    tell("the signature was not checked: `wechatpay-chain verify` does")
    return _hand_out(plain, options.to)


def _req_info(options: argparse.Namespace) -> int:
    apiv2_key = load_apiv2_key(Settings.read(options).require("apiv2_key")) or ""
    content = read_bytes(options.file, "FILE").strip()
    text = v2.parse(content).get("req_info", "") if content.startswith(b"<") else content.decode("ascii", "replace")
    return _hand_out(v2.open_req_info(text, apiv2_key), options.to)


def _bill_part(options: argparse.Namespace) -> int:
    if options.to is None:
        raise ConfigurationError("--to", "it isn't given", "A bill's part is binary: give the file to write")
    listed = _object(read_bytes(options.answer, "--answer")).get("download_bill_list")
    parts = cast("list[dict[str, Any]]", listed) if isinstance(listed, list) else []
    part = next((part for part in parts if int(part.get("bill_sequence", 0)) == options.part), None)
    if part is None:
        raise ConfigurationError("--part", f"the answer lists no part {options.part}", f"It lists {len(parts)}")
    key = str(part.get("encrypt_key", ""))
    if len(key) > aead.KEY_SIZE:
        key = asymmetric.decrypt(Settings.read(options).load_private_key(), key)
    opener = aead.Opener(_algorithm(part), key.encode(), str(part.get("nonce", "")).encode())
    plain = opener.feed(read_bytes(options.file, "FILE"))
    opener.finish()
    return _hand_out(plain, options.to)


def _algorithm(part: dict[str, Any]) -> str:
    """The algorithm that a part names; AES if it names none."""
    return str(part.get("algorithm") or part.get("encryption_algorithm") or next(iter(aead.CIPHERS)))


def _object(content: bytes) -> dict[str, Any]:
    try:
        members: object = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ConfigurationError("FILE", f"it is no JSON ({error})", "Give JSON as it came") from None
    if not isinstance(members, dict):
        raise ConfigurationError("FILE", "it is no JSON object", "Give JSON as it came")
    return cast("dict[str, Any]", members)


def _hand_out(plain: bytes, to: Path | None) -> int:
    if to is not None:
        write_private(to, plain)
        tell(f"{len(plain)} bytes are in {to}")
        return Exit.DONE
    sys.stdout.buffer.write(plain)
    if sys.stdout.isatty():
        print()
    sys.stdout.flush()
    return Exit.DONE
