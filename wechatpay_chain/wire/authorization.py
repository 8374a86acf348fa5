"""The `Authorization` header of a signed request: the signature type, and five items in any order.

https://pay.weixin.qq.com/doc/v3/merchant/4012365336
https://pay.weixin.qq.com/doc/brand/4015597833 (brands)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from .signature_types import BRAND, RSA, SM2

_ITEM = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*', re.ASCII)

# The item that names who signs.
_OWNER: Mapping[str, str] = {RSA: "mchid", SM2: "mchid", BRAND: "brand_id"}


class Authorization(NamedTuple):
    """What an `Authorization` header says. Its repr leaves out the signature.

    Attributes:
        signature_type: one of `signature_types`.
        owner: who signs: number of the merchant, or of the brand.
        serial: of the certificate whose key signed.
        nonce: the random string that was signed.
        timestamp: Unix time in seconds, as signed.
        signature: Base64.
    """

    signature_type: str
    owner: str
    serial: str
    nonce: str
    timestamp: str
    signature: str

    def __repr__(self) -> str:
        return (
            f"Authorization(signature_type={self.signature_type!r}, owner={self.owner!r}, serial={self.serial!r}, "
            f"nonce={self.nonce!r}, timestamp={self.timestamp!r})"
        )

    def __str__(self) -> str:
        return write(*self)

    @classmethod
    def parse(cls, header: str) -> Self:
        """Read a header's value.

        Raises:
            ValueError: an unknown signature type, or an item that is missing, unknown or given twice.
        """
        signature_type, _, rest = header.partition(" ")
        if signature_type not in _OWNER:
            raise ValueError(f"the scheme is not {' or '.join(_OWNER)}")
        items: dict[str, str] = {}
        for part in rest.split(","):
            item = _ITEM.fullmatch(part)
            if item is None or item[1] in items:
                raise ValueError("an item is malformed or given twice")
            items[item[1]] = item[2]
        names = (_OWNER[signature_type], "serial_no", "nonce_str", "timestamp", "signature")
        if items.keys() != set(names):
            raise ValueError(f"the items are not exactly {', '.join(sorted(names))}")
        return cls(signature_type, *(items[name] for name in names))


def write(signature_type: str, owner: str, serial: str, nonce: str, timestamp: str, signature: str) -> str:
    """A header's value; the arguments are the attributes of `Authorization`."""
    return (
        f'{signature_type} {_OWNER[signature_type]}="{owner}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial}"'
    )
