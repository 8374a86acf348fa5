"""Uploads: a multipart body whose `meta` part alone is signed.

https://pay.weixin.qq.com/doc/v3/merchant/4012365337
"""

from __future__ import annotations

import mimetypes
import re
import secrets
from collections.abc import Iterable
from pathlib import PurePosixPath

from ..errors import ConfigurationError
from ..http.value import frozen

_UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f]')


@frozen(kw_only=True)
class Envelope:
    """An upload without its file, which goes between `head` and `tail`.

    Attributes:
        content_type: value of the header, with the boundary.
        head: the parts before the file, and the head of the file's part.
        tail: what follows the file.
    """

    content_type: str
    head: bytes
    tail: bytes


def make_boundary() -> str:
    """A random boundary, too long to occur in a file by chance."""
    return secrets.token_hex(24)


def envelope(fields: Iterable[tuple[str, str, bytes]], *, file_name: str, file_part: str, boundary: str) -> Envelope:
    """Everything of an upload but the file, which comes last.

    Args:
        fields: name, content type and content of the parts before it: `meta`, exactly as signed, or APIv2's parameters.
        file_name: name of the file, in any script.
        file_part: name of the file's part, `file` for most operations.
        boundary: from `make_boundary`.

    Raises:
        ConfigurationError: a name that can't stand in the head of a part.
    """
    # By the suffix alone: guess_type would take the type of "data:a/b,x.jpg" out of the name itself.
    content_type = mimetypes.guess_type(f"file{PurePosixPath(file_name).suffix}")[0] or "application/octet-stream"
    fields = list(fields)
    for name in (file_part, *(name for name, _, _ in fields)):
        if not name or _UNQUOTABLE.search(name):
            raise ConfigurationError(
                f"meta[{name!r}]", "it is no name of a form's part", "Use letters, digits and underscores"
            )
    parts = [_part_head(boundary, f'name="{name}"', kind) + content + b"\r\n" for name, kind, content in fields]
    file = f'name="{_escape(file_part)}"; filename="{_escape(file_name)}"'
    return Envelope(
        content_type=f"multipart/form-data; boundary={boundary}",
        head=b"".join((*parts, _part_head(boundary, file, content_type))),
        tail=f"\r\n--{boundary}--\r\n".encode(),
    )


def _part_head(boundary: str, disposition: str, content_type: str) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode()


def _escape(name: str) -> str:
    # As browsers do (https://html.spec.whatwg.org/#multipart-form-data), and other control characters too.
    return _UNQUOTABLE.sub(lambda found: f"%{ord(found[0]):02X}", name)
