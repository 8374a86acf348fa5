"""The records of product coupons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...world.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCoupon(Record):
    """What a brand gives away: `EFFECTIVE`, then `DEACTIVATED`. `mchid` is who made it, the brand or a partner.

    Attributes:
        brand_id: whose it is.
        product_coupon_id: the platform's number.
        content: what it is, as the brand said.
        ending: how it was deactivated.
    """

    brand_id: str
    product_coupon_id: str
    content: dict[str, Any] = field(repr=False)
    ending: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.brand_id}/{self.product_coupon_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock(Record):
    """So many coupons of a product: `SENDING`, then `DEACTIVATED`.

    Attributes:
        product: the key of the product.
        product_coupon_id: the product's number.
        stock_id: the platform's number.
        content: its rules, as the brand said.
        codes: the codes that were uploaded and not sent yet.
        uploaded: how many codes were.
        sent: how many coupons were.
        ending: how it was deactivated.
    """

    product: str
    product_coupon_id: str
    stock_id: str
    content: dict[str, Any] = field(repr=False)
    codes: list[str] = field(default_factory=list[str], repr=False)
    uploaded: int = 0
    sent: int = 0
    ending: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.product}/{self.stock_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon(Record):
    """A coupon of a user: `CONFIRMING`, `PENDING`, `EFFECTIVE`, `USED`; or `EXPIRED`, `DEACTIVATED`.

    Attributes:
        stock: the key of the stock.
        coupon_code: what the user shows.
        openid: whose it is, under `appid`.
        appid: of the brand.
        send_request_no: the brand's number of the sending.
        attach: what the brand said beside it.
        begins: from when it can be used, Unix time in seconds.
        ends: until when.
        steps: the numbers and times of what happened to it, as answers tell them.
        usage: those of its last use and return.
    """

    stock: str
    coupon_code: str
    openid: str
    appid: str
    send_request_no: str
    attach: str = ""
    begins: float
    ends: float
    steps: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    usage: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def key(self) -> str:
        """What its table has it under."""
        return f"{self.stock}/{self.coupon_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Record):
    """Where the coupons of a brand, or those that a partner sends, are announced: `SET`.

    Attributes:
        notify_url: where.
    """

    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """A call that changed something: `TAKEN`. The same number with the same content changes nothing more.

    Attributes:
        number: the brand, the kind of the call and the brand's number of it.
        content: what was asked for.
        target: the key of what it changed.
    """

    number: str
    content: dict[str, Any] = field(repr=False)
    target: str
