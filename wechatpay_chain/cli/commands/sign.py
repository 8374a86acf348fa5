"""`sign`: makes the signature of a request, of any bytes, or of APIv2 parameters."""

from __future__ import annotations

import argparse
import base64
import time
from pathlib import Path

from ...crypto import asymmetric
from ...crypto.asymmetric import PrivateKey
from ...errors import ConfigurationError
from ...http.path import check_path
from ...http.request import METHODS
from ...wire import authorization, v2, v3
from ...wire.schemes import scheme_of
from ...wire.signature_types import BRAND, OF_MERCHANT
from ..exits import Exit
from ..inputs import read_bytes, write_private
from ..items import read_items
from ..output import show_json
from ..settings import Settings, add_settings
from ..terminal import tell


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `sign`."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    request = kinds.add_parser(
        "request", help="a request of APIv3, or of a brand", description="Sign a request of APIv3, or of a brand."
    )
    request.add_argument(
        "method", type=str.upper, choices=METHODS, metavar="METHOD", help="get, post, put, patch, delete"
    )
    request.add_argument("target", metavar="TARGET", help="path and query, exactly as they are sent")
    request.add_argument("--body", metavar="FILE", help="the body, exactly as it is sent; - for stdin; none by default")
    request.add_argument(
        "--header-to", type=Path, metavar="FILE", help="write the Authorization header there, for curl --header @FILE"
    )
    request.set_defaults(run=_sign_request)
    how = "RSA with SHA-256, or SM2 with SM3, by the kind of the key"
    text = kinds.add_parser("text", help=f"any bytes, {how}", description=f"Sign bytes, {how}.")
    text.add_argument("file", metavar="FILE", help="what to sign; - for stdin")
    text.set_defaults(run=_sign_text)
    parameters = kinds.add_parser("v2", help="parameters of APIv2", description="Sign parameters of APIv2.")
    parameters.add_argument("items", nargs="+", metavar="NAME=VALUE", help="each parameter but sign")
    parameters.add_argument("--sign-type", choices=("MD5", "HMAC-SHA256"), default="MD5", help="the algorithm (MD5)")
    parameters.set_defaults(run=_sign_v2)
    for kind in (request, text, parameters):
        add_settings(kind)


def _sign_request(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    path, _, _ = options.target.partition("?")
    check_path(path)
    body = b"" if options.body is None else read_bytes(options.body, "--body")
    timestamp, nonce = str(int(time.time())), v3.make_nonce()
    message = v3.request_message(options.method, options.target, timestamp, nonce, body)
    of_brand = scheme_of(path) == "brand"
    owner_name = "brand_id" if of_brand else "mchid"
    owner = settings.require(owner_name)
    serial = settings.require("brand_serial" if of_brand else "serial")
    key = settings.load_private_key(of_brand=of_brand)
    signature = _signature(key, message)
    if options.header_to is not None:
        signature_type = BRAND if of_brand else OF_MERCHANT[asymmetric.algorithm_of(key)]
        header = authorization.write(signature_type, owner, serial, nonce, timestamp, signature)
        write_private(options.header_to, f"Authorization: {header}\n".encode(), replace=True)
        tell(f"the header is in {options.header_to}; it is good for 5 minutes and for this request alone")
        return Exit.DONE
    signed = {owner_name: owner, "serial_no": serial, "timestamp": timestamp, "nonce_str": nonce}
    show_json({**signed, "signature": signature})
    return Exit.DONE


def _sign_text(options: argparse.Namespace) -> int:
    content = read_bytes(options.file, "FILE")
    show_json({"signature": _signature(Settings.read(options).load_private_key(), content)})
    return Exit.DONE


def _sign_v2(options: argparse.Namespace) -> int:
    items = read_items(options.items)
    if items.params or items.headers or not all(isinstance(value, str) for value in items.payload.values()):
        raise ConfigurationError("item", "a parameter of APIv2 is a text", "Write name=value")
    show_json({"sign": v2.sign(items.payload, Settings.read(options).require("apiv2_key"), options.sign_type)})
    return Exit.DONE


def _signature(key: PrivateKey, message: bytes) -> str:
    return base64.b64encode(asymmetric.sign(key, message)).decode()
