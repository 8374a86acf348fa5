"""Messages in files: notifications or answers with their headers, to be verified or replayed later.

    saved = read(Path("notification.http"))
    webhook.open(saved.headers, saved.body)

A file is an HTTP message: a first line, headers, an empty line, and the body, byte for byte. `curl -i` writes answers
so, and `wechatpay-chain listen --save FOLDER` notifications. Headers that stand apart are read from whatever holds
them: lines, JSON, a log of nginx, a WSGI environ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigurationError
from ..http.headers import NO_HEADERS, Headers

RECEIVED = "X-Received-At"
"""The header that `listen` adds: Unix time in seconds, so that a saved message isn't refused as stale later."""

_FIRST_LINE = re.compile(rb"(?:HTTP/[0-9.]+ (?P<status>[0-9]{3})[^\r\n]*|[A-Z]+ [^\s]+(?: HTTP/[0-9.]+)?)\r?\n")
_HEADER = re.compile(r"[<>]?\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*:\s*[\"']?(.*?)[\"']?,?")
# Wherever they stand: `Wechatpay-Nonce: x`, `"wechatpay_nonce":"x"`, `http_wechatpay_nonce=x`, HTTP_WECHATPAY_NONCE.
_SIGNING = re.compile(
    r"(?:http[_-])?(wechatpay)[_-](timestamp|nonce|serial|signature[_-]type|signature)[\"']?\s*[:=]\s*"
    r"(?!(?:http_)?wechatpay[_-]\w)[\"'\[]*([^\"'\s,;\]}]+)",
    re.IGNORECASE,
)
# A gateway's header with the value of a platform's: `X-Wechatpay-Nonce: x`.
_OTHER_NAME = re.compile(r"[<>]?\s*[\"']?x-(?=[a-z-]*wechatpay-[a-z-])[a-z-]+[\"']?\s*:", re.IGNORECASE)
_SEVERAL = re.compile("[, ]")
_MOST_BLOCKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A message that was kept.

    Attributes:
        headers: looked up in any case.
        body: the bytes behind the headers.
        status: of an answer; None for a notification.
        received: Unix time in seconds at which it came, where the file says.
    """

    headers: Headers = NO_HEADERS
    body: bytes = field(default=b"", repr=False)
    status: int | None = None
    received: float | None = None


def read(path: Path) -> Saved:
    """Read a message from a file.

    Raises:
        ConfigurationError: the file can't be read, or holds no HTTP message.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            "path", f"{str(path)!r} cannot be read ({error.strerror})", "Give the path of a saved message"
        ) from None
    return parse(content)


def is_message(content: bytes) -> bool:
    """Whether a file begins like a message, not with a body."""
    return _FIRST_LINE.match(content) is not None


def parse(content: bytes) -> Saved:
    """Read a message: a first line, headers, an empty line, the body. `100 Continue` before it is skipped.

    Raises:
        ConfigurationError: it is no message.
    """
    for _ in range(_MOST_BLOCKS):
        first = _FIRST_LINE.match(content)
        if first is None:
            break
        end = re.search(rb"\r?\n\r?\n", content[first.end() - 1 :])
        if end is None:
            break
        head = content[first.end() : first.end() - 1 + end.start()]
        body = content[first.end() - 1 + end.end() :]
        status = int(first["status"]) if first["status"] else None
        another = _FIRST_LINE.match(body)
        if status is not None and another is not None and another["status"]:
            content = body  # `100 Continue`, or `200 Connection established` of a proxy
            continue
        headers = parse_headers(head.decode("latin-1"))
        return Saved(headers=headers, body=body, status=status, received=_number(headers.get(RECEIVED)))
    raise ConfigurationError(
        "message",
        "it has no first line with headers and an empty line behind it",
        "Give what `curl -i` or `wechatpay-chain listen --save FOLDER` wrote, or headers and body in their own files",
    )


def parse_headers(text: str) -> Headers:
    """Read headers from lines, JSON, a log or the text of a dict."""
    found: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        if header := _HEADER.fullmatch(line):
            found[header[1]] = header[2]
    own = "\n".join(line for line in lines if not _OTHER_NAME.match(line))
    signing = {
        f"Wechatpay-{'-'.join(part.capitalize() for part in re.split('[_-]', name))}": value
        for _, name, value in _SIGNING.findall(own)
    }
    # A value on its own line is kept as it is, with commas or blanks: the signature is checked with it.
    signing |= {
        name: value
        for name, value in found.items()
        if name in signing and _SEVERAL.search(value) and not _SIGNING.search(value)
    }
    others = {name: value for name, value in found.items() if not _SIGNING.match(f"{name}:x")}
    return Headers({**others, **signing})


def write(first_line: str, headers: Mapping[str, str], body: bytes, *, received: float) -> bytes:
    """The file of a message.

    Args:
        first_line: such as `POST /notify HTTP/1.1`.
        headers: as they came.
        body: as it came.
        received: Unix time in seconds.
    """
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items()), f"{RECEIVED}: {received:.3f}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
