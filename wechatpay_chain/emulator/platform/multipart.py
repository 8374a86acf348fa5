"""Reading an upload: its `meta` part and its file.

https://pay.weixin.qq.com/doc/v3/merchant/4012365337
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'^content-disposition:[^\r\n]*?[; ]name="([^"]*)"', re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The parts of an upload; a part that isn't there is empty."""

    meta: bytes
    files: dict[str, bytes]


def parse(content_type: str, body: bytes) -> Upload | None:
    """Read a multipart body; None for another content type."""
    named = _BOUNDARY.match(content_type)
    # Some clients give no boundary in the header, and the platform accepts that: the body begins with it.
    found = named[1].encode("utf-8", "surrogateescape") if named else _begun(content_type, body)
    if not found:
        return None
    parts: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + found)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if blank and name:
            parts[name[1].decode("utf-8", "replace")] = content
    return Upload(meta=parts.pop("meta", b""), files=parts)


def _begun(content_type: str, body: bytes) -> bytes:
    """The boundary that a body begins with; empty if it is of another type, or doesn't begin with one."""
    line = body.partition(b"\r\n")[0]
    return line[2:] if content_type.lower().startswith("multipart/form-data") and line.startswith(b"--") else b""
