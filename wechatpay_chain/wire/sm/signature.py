"""The `Authorization` header of a merchant whose key is of SM2.

https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""

from __future__ import annotations

from typing import Self

from .. import words
from ..authorization import Header
from ..v3 import signature

SCHEME = words.SM2
_HEADER = Header(SCHEME, "mchid")


class Authorization(signature.Authorization):
    """What an `Authorization` header says, as of APIv3. Its repr leaves out the signature."""

    __slots__ = ()

    def __str__(self) -> str:
        return _HEADER.write(*self)

    @classmethod
    def parse(cls, header: str) -> Self:
        """Read a header's value.

        Raises:
            ValueError: another scheme, or an item that is missing, unknown or given twice.
        """
        return cls(*_HEADER.read(header))
