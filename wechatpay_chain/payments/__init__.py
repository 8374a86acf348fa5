"""The parameters with which a front end opens WeChat Pay, for an order or for another product.

    wx.requestPayment(await wxpay.payments.mini_program(answer, appid="wx..."))

The functions are pure: key, timestamp and nonce are arguments. `Payments`, which a client has as `wxpay.payments`,
fills these in. Which `appid` to give: the one of the front end that pays, so for a service provider the `sp_appid` or
the `sub_appid`, and for a combined order the appid it was placed with.
"""

from .coupons import coupon_h5, coupons_mini_program
from .money import fen, minor_units, yuan
from .orders import (
    Instalment,
    Unsigned,
    app,
    h5_url,
    jsapi,
    medical,
    mini_program,
    unsigned_app,
    unsigned_jsapi,
    without_appid,
)
from .orders_v2 import app_v2, jsapi_v2, red_packet_v2
from .parameters import Prepay, query
from .payments import Payments
from .payscore import payscore_confirm, payscore_confirm_signed, payscore_detail, payscore_enable
from .transfers import merchant_transfer

__all__ = [
    "Instalment",
    "Payments",
    "Prepay",
    "Unsigned",
    "app",
    "app_v2",
    "coupon_h5",
    "coupons_mini_program",
    "fen",
    "h5_url",
    "jsapi",
    "jsapi_v2",
    "medical",
    "merchant_transfer",
    "mini_program",
    "minor_units",
    "payscore_confirm",
    "payscore_confirm_signed",
    "payscore_detail",
    "payscore_enable",
    "query",
    "red_packet_v2",
    "unsigned_app",
    "unsigned_jsapi",
    "without_appid",
    "yuan",
]
