"""The body of a notification, as frameworks pass it."""

from __future__ import annotations

from ..errors import ConfigurationError, type_of

Body = bytes | bytearray | memoryview

# What may precede the body, a byte order mark included.
BLANKS = b"\xef\xbb\xbf \t\r\n"
_OF_A_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def raw_bytes(body: object) -> bytes:
    """A body as bytes.

    Raises:
        ConfigurationError: it isn't the raw bytes; the remedy says what to give instead.
    """
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, memoryview):
        return body.tobytes()
    remedy = "Give the raw bytes of the request: what was parsed or decoded can't be verified any more"
    if isinstance(body, str):
        remedy = (
            "Give the raw bytes of the request. Where a gateway's event has the body as text alone: "
            "base64.b64decode(body) if isBase64Encoded, else body.encode()"
        )
    elif hasattr(body, "__await__"):
        remedy = "Await it: await request.body(), await request.read()"
    elif callable(body):
        remedy = "Call it: request.get_data(), await request.body(), await request.read()"
    elif hasattr(body, "read"):
        remedy = "Read it, once: body.read()"
    raise ConfigurationError("body", f"{type_of(body)} was given", remedy)


def is_xml(body: object) -> bool:
    """Whether it begins like XML, as messages of APIv2 do."""
    if isinstance(body, memoryview):
        body = body.tobytes()
    return isinstance(body, bytes | bytearray) and body.lstrip(BLANKS).startswith(b"<")


def is_page(body: bytes) -> bool:
    """Whether it is a web page."""
    return body.lstrip(BLANKS)[:14].lower().startswith(_OF_A_PAGE)
