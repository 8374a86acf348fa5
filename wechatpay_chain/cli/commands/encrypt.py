"""`encrypt`: encrypts a secret field for the platform."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ...credentials.platform_keys import load_platform_keys
from ...crypto import asymmetric
from ...crypto.asymmetric import Algorithm
from ...errors import ConfigurationError
from ..exits import Exit
from ..inputs import ask_secret
from ..output import show_json
from ..settings import Settings, add_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `encrypt`."""
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="the plain text; - for stdin; asked for by default"
    )
    parser.add_argument("--for", dest="name", metavar="ID", help="the key to encrypt with, where there are several")
    add_settings(parser)
    parser.set_defaults(run=_encrypt)


def _encrypt(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    certs = settings.platform_keys()
    if not certs:
        settings.require("public_key_id")
    keys = load_platform_keys(
        certs, algorithm=_algorithm(settings, certs), merchant_serial=settings.get("serial") or ""
    )
    key = keys.preferred if options.name is None else keys.find(options.name)
    if key is None:
        raise ConfigurationError("--for", f"there is no key {options.name!r}", f"Give one of {', '.join(certs)}")
    plain = ask_secret(options.source, "plain text")
    longest = asymmetric.longest_plaintext(key.public_key)
    if longest is not None and len(plain.encode()) > longest:
        raise ConfigurationError(
            "--from", f"{len(plain.encode())} bytes were found", f"At most {longest} can be encrypted"
        )
    show_json({"Wechatpay-Serial": key.serial, "ciphertext": asymmetric.encrypt(key.public_key, plain)})
    return Exit.DONE


def _algorithm(settings: Settings, certs: Mapping[str, Any]) -> Algorithm:
    """Of the key to encrypt with: the private key's, as in a call; without one, that of the first platform key."""
    if settings.get("private_key"):
        return asymmetric.algorithm_of(settings.load_private_key())
    return next(iter(load_platform_keys(certs))).algorithm
