"""What leads a payer to an order: the links of Native and H5, and the `prepay_id` of front ends."""

from __future__ import annotations

from typing import Protocol

from ...platform.call import DEFAULT_BASE_URL

PAGE = "/_emulator/pay"
"""Where the emulator shows a payment page, when it listens; the code of the order follows."""


class Payable(Protocol):
    """What a payer can be led to."""

    @property
    def code(self) -> str:
        """What ends the link."""
        ...

    @property
    def prepay_id(self) -> str:
        """What a front end pays by."""
        ...


def prepaid(order: Payable, trade_type: str, base_url: str, *, h5: str = "h5_url") -> dict[str, str]:
    """The member of an answer of APIv3 that leads the payer to an order.

    Args:
        order: the one to be paid.
        trade_type: `NATIVE`, `MWEB` or another, as APIv2 names them.
        base_url: where the emulator is called.
        h5: the name of the link to a payment page.
    """
    if trade_type == "NATIVE":
        return {"code_url": code_url(order, base_url)}
    if trade_type == "MWEB":
        return {h5: h5_url(order, base_url)}
    return {"prepay_id": order.prepay_id}


def code_url(order: Payable, base_url: str) -> str:
    """What a Native order's QR code holds; where the emulator listens, a page of its own."""
    if base_url == DEFAULT_BASE_URL:
        return f"weixin://wxpay/bizpayurl?pr={order.code}"
    return f"{base_url}{PAGE}/{order.code}"


def h5_url(order: Payable, base_url: str) -> str:
    """The payment page of an H5 order; where the emulator listens, a page of its own."""
    if base_url == DEFAULT_BASE_URL:
        base_url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb"
    else:
        base_url = f"{base_url}{PAGE}/{order.code}"
    return f"{base_url}?prepay_id={order.prepay_id}&package={order.code}"
