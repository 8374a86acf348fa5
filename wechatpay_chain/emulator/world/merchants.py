"""The merchants of the world and their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...credentials.brand import Brand
from ..platform.keys import KeyPair, make_apiv3_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A merchant, partner or brand, with its number and keys.

    Attributes:
        mchid: the merchant's number; of a brand, the brand's.
        role: a shop, a service provider with sub-merchants, or a brand.
        key: signs its requests, and decrypts what is encrypted for it.
        apiv3_key: 32 characters; of a brand, its API key.
        apiv2_key: 32 characters; brands have none.
        sub_mchids: of a partner, the sub-merchants that it may act for; None lets it act for any.
        platform_key: of a brand, the WeChat Pay public key that signs answers to this brand only; a fresh one by
            default.
    """

    mchid: str
    role: Literal["direct", "partner", "brand"] = "direct"
    key: KeyPair = field(default_factory=KeyPair.merchant, repr=False)
    apiv3_key: str = field(default_factory=make_apiv3_key, repr=False)
    apiv2_key: str = field(default_factory=make_apiv3_key, repr=False)
    sub_mchids: tuple[str, ...] | None = None
    platform_key: KeyPair | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.role == "brand" and self.platform_key is None:
            object.__setattr__(self, "platform_key", KeyPair.wechatpay())

    def credentials(self, platform_keys: tuple[KeyPair, ...]) -> dict[str, Any]:
        """The arguments of a client of this merchant.

        Args:
            platform_keys: the platform's keys, which the client trusts.
        """
        if self.platform_key is not None:
            certs = {self.platform_key.serial: self.platform_key.public_pem}
            own = Brand(self.mchid, self.key.serial, self.key.private_key, certs, api_key=self.apiv3_key)
            return {"brand": own}
        return {
            "mchid": self.mchid,
            "serial": self.key.serial,
            # A loaded key: parsing and checking it would take 40 ms for each client.
            "private_key": self.key.private_key,
            "certs": {key.serial: key.public_pem for key in platform_keys},
            "apiv3_key": self.apiv3_key,
            "apiv2_key": self.apiv2_key,
            # Python's TLS can't present a key of SM2.
            "merchant_cert": self.key.public_pem if self.key.certificate and self.key.algorithm == "RSA" else None,
        }
