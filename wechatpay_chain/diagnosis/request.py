"""Causes of a wrong signature of a request: the merchant signed another text than the one that is verified.

Texts that usual mistakes produce are tried. If the signature fits one, that mistake is the proven cause.
https://pay.weixin.qq.com/doc/v3/merchant/4012365336
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import orjson

from ..errors import Cause

Fits = Callable[[bytes], bool]
"""Whether the signature fits a text."""

_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LONGEST_BODY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the text that is to be signed.

    Attributes:
        method: of the request.
        target: path and query, as sent.
        timestamp: as the Authorization header says it.
        nonce: as the Authorization header says it.
        body: what is signed of the body.
        whole_body: the whole body, which differs in uploads.
        origin: scheme and host that the request was sent to.
    """

    method: str
    target: str
    timestamp: str
    nonce: str
    body: bytes = field(repr=False)
    whole_body: bytes = field(default=b"", repr=False)
    origin: str = ""

    def message(self, ends: bytes = b"\n") -> bytes:
        """The text, each line ended by `ends`."""
        head = (self.method, self.target, self.timestamp, self.nonce)
        return b"".join(line + ends for line in (*(text.encode() for text in head), self.body))


@dataclass(frozen=True, slots=True)
class Finding:
    """The text that was signed, and the mistake that led to it.

    Attributes:
        cause: the mistake.
        message: the text that was signed.
    """

    cause: Cause
    message: bytes = field(repr=False)


def find(parts: Parts, fits: Fits) -> Finding | None:
    """Find out which text was signed; None if no known mistake gives a text that fits.

    Args:
        parts: of the request as it came.
        fits: whether the signature fits a text, under the merchant's key.
    """
    verified = parts.message()
    for name, text, remedy, message in _candidates(parts):
        if message != verified and fits(message):
            return Finding(Cause(name, f"{text} (the signature fits that text)", remedy, "proven"), message)
    return None


def _candidates(parts: Parts) -> Iterator[tuple[str, str, str, bytes]]:
    """Names, texts and remedies of mistakes, each with the text that it would have signed."""
    for verb in (parts.method.lower(), *_VERBS):
        if verb != parts.method:
            yield (
                "signed-another-method",
                f"{verb} was signed, and {parts.method} was sent",
                "Sign the method that is sent, in capital letters",
                replace(parts, method=verb).message(),
            )
    for text, target in _targets(parts):
        yield (
            "signed-another-target",
            f"{text} was signed as the target",
            "Sign the path with its query, exactly as they are sent",
            replace(parts, target=target).message(),
        )
    for text, body in _bodies(parts):
        yield (
            "signed-another-body",
            f"{text} was signed, and other bytes were sent",
            "Make the body's bytes once, sign them, and send the same bytes",
            replace(parts, body=body).message(),
        )
        for target_text, target in _targets(parts):
            yield (
                "signed-another-body",
                f"{text} was signed with {target_text} as the target",
                "Sign the target and the bytes that are sent",
                replace(parts, body=body, target=target).message(),
            )
    for text, message in _forms(parts):
        yield "signed-in-another-form", text, "End each of the five lines by a line feed, the last one too", message


def _targets(parts: Parts) -> Iterator[tuple[str, str]]:
    path, mark, query = parts.target.partition("?")
    if mark:
        yield "the path without its query", path
        yield "the decoded query", f"{path}?{unquote(query)}"
        yield "the query decoded as a form", f"{path}?{unquote_plus(query)}"
        yield "the query with other escapes", f"{path}?{quote(unquote(query), safe='=&')}"
    if parts.origin:
        yield "the whole URL", parts.origin + parts.target
    for host in ("https://api.mch.weixin.qq.com", "http://api.mch.weixin.qq.com"):
        yield "the platform's whole URL", host + parts.target
    yield "the path without its leading slash", parts.target.removeprefix("/")
    yield "the decoded path", unquote(parts.target)
    yield "the path with a slash at its end", f"{path}/{mark}{query}"
    if path.endswith("/"):
        yield "the path without the slash at its end", path.rstrip("/") + mark + query
    if path.startswith("/v3/"):
        yield "the path without /v3", parts.target.removeprefix("/v3")


def _bodies(parts: Parts) -> Iterator[tuple[str, bytes]]:
    if parts.whole_body != parts.body:
        yield "the whole form of the upload, and not its meta alone,", parts.whole_body
    if not parts.body:
        for written in (b"{}", b"null", b"[]"):
            yield f"the body {written.decode()}", written
        return
    yield "an empty body", b""
    if len(parts.body) > _LONGEST_BODY:
        return
    yield "the body with a line feed at its end", parts.body + b"\n"
    yield "the body without blanks around it", parts.body.strip()
    try:
        value: Any = orjson.loads(parts.body)
    except orjson.JSONDecodeError:
        return
    for text, body in _spellings(value):
        if body != parts.body:
            yield text, body


def _spellings(value: object) -> Iterator[tuple[str, bytes]]:
    """The same JSON, as the usual libraries write it."""
    from json import dumps

    for order, is_sorted in (("", False), (" with sorted members", True)):
        for escapes, ascii_only in (("", False), (" with escaped characters", True)):
            for blanks, separators in (("in compact form", (",", ":")), ("with blanks", (", ", ": "))):
                try:
                    text = dumps(value, ensure_ascii=ascii_only, separators=separators, sort_keys=is_sorted)
                except (ValueError, RecursionError):
                    return
                yield f"the same JSON {blanks}{escapes}{order}", text.encode("utf-8", "surrogatepass")
                yield (
                    f"the same JSON {blanks}{escapes}{order}, with \\/",
                    text.replace("/", "\\/").encode("utf-8", "surrogatepass"),
                )


def _forms(parts: Parts) -> Iterator[tuple[str, bytes]]:
    message = parts.message()
    yield "the last line had no line feed", message[:-1]
    if not parts.body:
        yield "the empty line of the body was left out", message[:-1]
    yield "the lines ended in carriage return and line feed", parts.message(b"\r\n")
    yield "the line feeds were the two characters \\n", parts.message(b"\\n")
    yield "the lines were joined without line feeds", parts.message(b"")
    swapped = replace(parts, timestamp=parts.nonce, nonce=parts.timestamp)
    yield "nonce and timestamp were signed in the wrong order", swapped.message()
    answer = b"".join(line + b"\n" for line in (parts.timestamp.encode(), parts.nonce.encode(), parts.body))
    yield "the three lines of an answer were signed in place of the five of a request", answer
    yield "the body alone was signed", parts.body
