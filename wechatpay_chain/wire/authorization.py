"""The `Authorization` header of the schemes that sign in headers: a scheme's word, and five items in any order."""

from __future__ import annotations

import re
from typing import NamedTuple

_ITEM = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*', re.ASCII)


class Header(NamedTuple):
    """How the header of one scheme is written.

    Attributes:
        scheme: the word that it begins with.
        who: the item that names who signs, `mchid` or `brand_id`.
    """

    scheme: str
    who: str

    def write(self, name: str, serial: str, nonce: str, timestamp: str, signature: str) -> str:
        """The header's value.

        Args:
            name: who signs.
            serial: of the certificate whose key signed.
            nonce: the random string that was signed.
            timestamp: Unix time in seconds, as signed.
            signature: Base64.
        """
        return (
            f'{self.scheme} {self.who}="{name}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{serial}"'
        )

    def read(self, header: str) -> tuple[str, str, str, str, str]:
        """Who signs, serial, nonce, timestamp and signature of a header's value.

        Raises:
            ValueError: another scheme, or an item that is missing, unknown or given twice.
        """
        scheme, _, rest = header.partition(" ")
        if scheme != self.scheme:
            raise ValueError(f"the scheme is not {self.scheme}")
        items: dict[str, str] = {}
        for part in rest.split(","):
            item = _ITEM.fullmatch(part)
            if item is None or item[1] in items:
                raise ValueError("an item is malformed or given twice")
            items[item[1]] = item[2]
        names = (self.who, "serial_no", "nonce_str", "timestamp", "signature")
        if items.keys() != set(names):
            raise ValueError(f"the items are not exactly {', '.join(sorted(names))}")
        who, serial, nonce, timestamp, signature = (items[name] for name in names)
        return who, serial, nonce, timestamp, signature
