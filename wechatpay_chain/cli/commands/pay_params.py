"""`pay-params`: makes the parameters with which a front end opens the payment, from an order's answer."""

from __future__ import annotations

import argparse
import time

from ...payments import app, jsapi, merchant_transfer, mini_program, qr
from ...payments.orders_v2 import app_v2, jsapi_v2
from ...wire.v3 import make_nonce
from ..exits import Exit
from ..output import show_json
from ..settings import Settings, add_settings

_APPID = "of the page, mini-program or app that pays"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `pay-params`."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for name, purpose in (
        ("jsapi", "for WeixinJSBridge in a page inside WeChat"),
        ("mini-program", "for wx.requestPayment"),
        ("app", "for the app SDK"),
        ("jsapi-v2", "the same of an order of APIv2"),
        ("app-v2", "the same of an order of APIv2"),
    ):
        kind = kinds.add_parser(name, help=purpose, description=f"Parameters {purpose}.")
        kind.add_argument("--prepay-id", required=True, metavar="ID", help="from the answer to the order")
        kind.add_argument("--appid", required=True, metavar="ID", help=_APPID)
        kind.set_defaults(run=_parameters, kind=name)
        add_settings(kind)
    transfer = kinds.add_parser("transfer", help="for the confirmation of a transfer", description="For a transfer.")
    transfer.add_argument("--package-info", required=True, metavar="TEXT", help="from the answer to the transfer")
    transfer.add_argument("--appid", required=True, metavar="ID", help=_APPID)
    transfer.set_defaults(run=_transfer)
    add_settings(transfer)
    native = kinds.add_parser("native", help="a Native order's QR code", description="The QR code of a Native order.")
    native.add_argument("--code-url", required=True, metavar="URL", help="weixin://...")
    native.add_argument("--qr", action="store_true", help="draw it in the terminal")
    native.set_defaults(run=_native)


def _parameters(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    prepay, appid = options.prepay_id, options.appid
    timestamp, nonce = int(time.time()), make_nonce()
    if options.kind == "jsapi-v2":
        key = settings.require("apiv2_key")
        show_json(jsapi_v2(prepay, appid=appid, apiv2_key=key, timestamp=timestamp, nonce=nonce))
        return Exit.DONE
    mchid = settings.require("mchid") if options.kind.startswith("app") else ""
    if options.kind == "app-v2":
        key = settings.require("apiv2_key")
        show_json(app_v2(prepay, appid=appid, mchid=mchid, apiv2_key=key, timestamp=timestamp, nonce=nonce))
        return Exit.DONE
    private_key = settings.load_private_key()
    if options.kind == "app":
        show_json(app(prepay, appid=appid, mchid=mchid, key=private_key, timestamp=timestamp, nonce=nonce))
        return Exit.DONE
    make = jsapi if options.kind == "jsapi" else mini_program
    show_json(make(prepay, appid=appid, key=private_key, timestamp=timestamp, nonce=nonce))
    return Exit.DONE


def _transfer(options: argparse.Namespace) -> int:
    mchid = Settings.read(options).require("mchid")
    show_json(merchant_transfer(options.package_info, mchid=mchid, appid=options.appid))
    return Exit.DONE


def _native(options: argparse.Namespace) -> int:
    if options.qr:
        print(qr.terminal(options.code_url))
    else:
        show_json({"code_url": options.code_url})
    return Exit.DONE
