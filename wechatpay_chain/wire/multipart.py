"""Uploads: a multipart body whose `meta` part alone is signed.

https://pay.weixin.qq.com/doc/v3/merchant/4012365337
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

from cryptography.hazmat.primitives import hashes

_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {"sha256": hashes.SHA256, "sm3": hashes.SM3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An encoded upload.

    Attributes:
        content_type: value of the header, with the boundary.
        body: the whole multipart body.
    """

    content_type: str
    body: bytes


def digest(content: bytes, algorithm: str | None) -> str:
    """The digest of a file in hexadecimal: SHA-256, unless an operation asks for another algorithm."""
    hasher = hashes.Hash(_DIGESTS.get(algorithm or "sha256", hashes.SHA256)())
    hasher.update(content)
    return hasher.finalize().hex()


def make_boundary() -> str:
    """A random boundary, too long to occur in a file by chance."""
    return secrets.token_hex(24)


def encode(*, meta: bytes, file: bytes, file_name: str, file_part: str, boundary: str) -> Upload:
    """Write the parts: `meta` first, then the file.

    Args:
        meta: JSON of the `meta` part, exactly as signed.
        file: content of the file.
        file_name: name of the file, in any script.
        file_part: name of the file's part, `file` for most operations.
        boundary: from `make_boundary`.
    """
    # By the suffix alone: of a name like "data:a/b,x.jpg" guess_type would take the type out of the name.
    content_type = mimetypes.guess_type(f"file{PurePosixPath(file_name).suffix}")[0] or "application/octet-stream"
    return Upload(
        content_type=f"multipart/form-data; boundary={boundary}",
        body=b"".join(
            (
                _part_head(boundary, 'name="meta"', "application/json"),
                meta,
                b"\r\n",
                _part_head(boundary, f'name="{file_part}"; filename="{_escape(file_name)}"', content_type),
                file,
                f"\r\n--{boundary}--\r\n".encode(),
            )
        ),
    )


def _part_head(boundary: str, disposition: str, content_type: str) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode()


def _escape(name: str) -> str:
    # As browsers do (https://html.spec.whatwg.org/#multipart-form-data).
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
