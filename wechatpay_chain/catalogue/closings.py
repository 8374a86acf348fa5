"""Products that are closed to new merchants: since when, and what these use instead.

Their operations still work for merchants who have them, so they aren't deprecated.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..http.operation import Operation


@dataclass(frozen=True, slots=True)
class Closing:
    """A product that is closed to new merchants.

    Attributes:
        since: the day, or the month, from which merchants count as new.
        product: its name.
        instead: what new merchants use.
        paths: the beginnings of its operations' paths.
        page: the official page that says so; empty where a refusal of the platform does.
    """

    since: str
    product: str
    instead: str
    paths: tuple[str, ...]
    page: str = ""

    def __str__(self) -> str:
        said = f" ({self.page})" if self.page else ""
        return f"Merchants opened since {self.since} don't get {self.product}: {self.instead}{said}."


CLOSINGS = (
    Closing(
        since="2025-12-15",
        product="商家券 (busifavor)",
        instead="they use product coupons, /v3/marketing/partner/product-coupon or /brand/marketing/product-coupon",
        paths=("/v3/marketing/busifavor/",),
        page="https://pay.weixin.qq.com/doc/v3/merchant/4014075726",
    ),
    Closing(
        since="2025-01-15",
        product="transfers in batches",
        instead="they use /v3/fund-app/mch-transfer/transfer-bills",
        paths=("/v3/transfer/batches", "/v3/partner-transfer/batches"),
    ),
    Closing(
        since="about 2024-09",
        product="platform certificates",
        instead="they use the WeChat Pay public key, but for certificates of SM2",
        paths=("/v3/certificates",),
        page="https://pay.weixin.qq.com/docs/partner/development/interface-rules/introduction.html",
    ),
)


def closing_of(operation: Operation) -> Closing | None:
    """The closing of an operation's product to new merchants; None if it is open to them."""
    return next((closing for closing in CLOSINGS if operation.path.startswith(closing.paths)), None)
