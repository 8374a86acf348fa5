"""The brand's scheme: APIv3's signature, under another word, in the brand's name and by the brand's own keys.

https://pay.weixin.qq.com/doc/brand/4015407523
https://pay.weixin.qq.com/doc/brand/4015597833 (requests)
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from .. import words
from ..authorization import Header
from ..v3 import signature

SCHEME = words.BRAND
_HEADER = Header(SCHEME, "brand_id")

verify = partial(signature.verify, accepted=words.OF_BRAND)
"""Check the signature of an answer to a brand, or of its notification; arguments as for `wire.v3.verify`."""


class Authorization(NamedTuple):
    """What an `Authorization` header of a brand says. Its repr leaves out the signature."""

    brand_id: str
    serial: str
    nonce: str
    timestamp: str
    signature: str

    def __repr__(self) -> str:
        return (
            f"Authorization(brand_id={self.brand_id!r}, serial={self.serial!r}, nonce={self.nonce!r}, "
            f"timestamp={self.timestamp!r})"
        )

    @staticmethod
    def form() -> Header:
        """How the header is written and read."""
        return _HEADER

    def __str__(self) -> str:
        return self.form().write(*self)

    @classmethod
    def parse(cls, header: str) -> Authorization:
        """Read a header's value.

        Raises:
            ValueError: another scheme, or an item that is missing, unknown or given twice.
        """
        return cls(*cls.form().read(header))
