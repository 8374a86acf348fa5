"""What a route gets to see of a request that passed all checks, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ...catalogue import Operation
from ...http.headers import NO_HEADERS, Headers
from ...http.response import Response
from ..kept import LARGEST

Answer = Response[Any] | dict[str, Any] | list[Any] | None
"""What a call is answered with: JSON values, None for no content, or a whole response."""

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"
"""What links begin with where no port is listened on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that the emulator accepted: signed by the merchant, complete, its secrets decrypted.

    Attributes:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: as received, percent-encoded.
        operation: what the catalogue knows; None for a route of the user's own.
        time: when it came, the world's Unix time in seconds.
        mchid: the merchant that signed it.
        base_url: scheme and host that the request was sent to, to be put before links.
        values: the placeholders' values, decoded.
        query: the query parameters, decoded; a list where the catalogue has an array or a name is repeated.
        json: the body, or None; secret fields are plain here.
        meta: an upload's `meta` part.
        xml: the parameters of an APIv2 call; secret ones are plain here.
        file: an upload's file.
        headers: as received.
        size: bytes of its body. Of a call that is kept while 16 more come, a body above 256 kB isn't kept whole: `json`
            and `xml` are None then, and `file` is its beginning.
    """

    method: str
    path: str
    operation: Operation | None = None
    time: float = 0.0
    mchid: str = ""
    base_url: str = DEFAULT_BASE_URL
    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    query: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    json: Any = field(default=None, repr=False)
    meta: Mapping[str, Any] | None = field(default=None, repr=False)
    xml: Mapping[str, str] | None = field(default=None, repr=False)
    file: bytes | None = field(default=None, repr=False)
    headers: Headers = NO_HEADERS
    size: int = 0

    def shortened(self) -> Self:
        """The same without a body above `LARGEST` bytes, but for a file's beginning; itself where it is smaller."""
        if self.size <= LARGEST:
            return self
        return replace(self, json=None, xml=None, file=self.file and self.file[:LARGEST])
