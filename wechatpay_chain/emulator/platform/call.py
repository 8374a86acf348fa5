"""The call that a route gets, after all checks of the request, and the answer that it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ...catalogue import Operation
from ...http.headers import NO_HEADERS, Headers
from ...http.response import Response
from ..kept import LARGEST

Answer = Response[Any] | dict[str, Any] | list[Any] | None
"""The answer to a call: JSON values, None for no content, or a whole response."""

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com"
"""The beginning of links when the emulator listens on no port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that the emulator accepted: signed by the merchant, complete, its secrets decrypted.

    Attributes:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: as received, percent-encoded.
        operation: of the catalogue; None for a route of the user's own.
        time: when it came, the world's Unix time in seconds.
        mchid: the merchant that signed it.
        base_url: scheme and host that the request was sent to, to be put before links.
        values: the placeholders' values, decoded.
        query: the query parameters, decoded; a list where the catalogue has an array or a name is repeated.
        json: the body, or None; secret fields are decrypted.
        meta: an upload's `meta` part.
        xml: the parameters of an APIv2 call; secret ones are decrypted.
        file: an upload's file.
        headers: as received.
        size: size of its body. When 16 more calls have come, a body above 256 kB is no longer kept whole: `json` and
            `xml` are None then, and `file` is the beginning of the file.
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
        """A copy without its body, except the beginning of a file; the call itself if the body is at most `LARGEST`."""
        if self.size <= LARGEST:
            return self
        return replace(self, json=None, xml=None, file=self.file and self.file[:LARGEST])
