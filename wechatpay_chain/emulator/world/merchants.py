"""The merchants of the world and their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..platform.keys import KeyPair, make_apiv3_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Someone with a merchant number and keys of his own.

    Attributes:
        mchid: the merchant's number; of a brand, the brand's.
        role: a shop, a service provider with sub-merchants, or a brand.
        key: signs its requests and opens what is encrypted for it.
        apiv3_key: 32 characters.
        apiv2_key: 32 characters; brands have none.
        sub_mchids: of a partner, the sub-merchants that it may act for; None lets it act for any.
    """

    mchid: str
    role: Literal["direct", "partner", "brand"] = "direct"
    key: KeyPair = field(default_factory=KeyPair.merchant, repr=False)
    apiv3_key: str = field(default_factory=make_apiv3_key, repr=False)
    apiv2_key: str = field(default_factory=make_apiv3_key, repr=False)
    sub_mchids: tuple[str, ...] | None = None

    def credentials(self, platform_keys: tuple[KeyPair, ...]) -> dict[str, Any]:
        """The arguments of a client of this merchant.

        Args:
            platform_keys: the keys that the client believes.
        """
        return {
            "mchid": self.mchid,
            "serial": self.key.serial,
            # Loaded: parsing and checking it would cost every client 40 ms.
            "private_key": self.key.private_key,
            "certs": {key.serial: key.public_pem for key in platform_keys},
            "apiv3_key": self.apiv3_key,
            "apiv2_key": self.apiv2_key,
            "merchant_cert": self.key.public_pem if self.key.certificate else None,
        }
