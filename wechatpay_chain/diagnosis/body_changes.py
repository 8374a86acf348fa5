"""Changes that a body may have undergone on its way, each with its undoing: packed, encoded, wrapped, doubled."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, cast
from urllib.parse import unquote_to_bytes

import orjson

from .envelope import compact, json_of

LONGEST = 100_000
"""Bytes: a longer body is not diagnosed. Diagnosis is for honest mistakes, not worth its time for a forgery."""

_FORM = re.compile(rb"[A-Za-z_]{1,32}=(?:%7B|\{)|%7B", re.IGNORECASE)
# Texts without blanks: Base64, and times, whose zones hold plus signs.
_NO_BLANKS = re.compile(rb'"(?:ciphertext|create_time|nonce)":"[^"]*"')
_BLANK_IN_BASE64 = re.compile(rb'"(?:ciphertext|create_time|nonce)":"[^" ]+ ')
# Levels of a gateway's event: the event, a request in it, its body.
_DEEPEST = 3
# A shorter text holds no envelope.
_SHORTEST_ENVELOPE = 100
# A shorter text may be Base64 by chance.
_SHORTEST_BASE64 = 16

_FLAT_FORM = re.compile(rb"[A-Za-z_]{1,32}=[^&=\s]*&[A-Za-z_%\[\]0-9]{1,64}=")
_ENTITY = re.compile(rb"&(?:quot|amp|lt|gt|apos|#\d{2,7}|#x[0-9A-Fa-f]{2,6});")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,6})(?:;[^\r\n]*)?\r\n")
# A text, or an object of a few of them. Anything else may need more of the stack than a thread has.
_REPRESENTATION = re.compile(
    rb"(?:b?'(?:[^'\\]++|\\.)*+'|b?\"(?:[^\"\\]++|\\.)*+\"|[\s{}\[\]:,0-9]|None|True|False)++", re.DOTALL
)
_MOST_BRACKETS = 10
# Python takes long for many small values, and no notification has so many.
_MOST_COMMAS = 1000
_HEAD = re.compile(rb"(?:[A-Z]{3,7} \S+ HTTP/|HTTP/)[0-9.][^\n]*\n")
# Of JavaScript, Go, PHP, Java and others; null and None where a body was read twice.
_OBJECT = re.compile(
    rb"\[object |map\[\w+:|Array\s*\(|array\(\d+\)|(?:null|None|nil|undefined|\{\}|\[\])$|"
    rb"(?:\w+[({])?\{?\w+=[^&]*, \w+=|\{\s*:?\"?\w+\"? ?=>|<[A-Za-z_.]+ object at |[A-Za-z_.$]+@[0-9a-f]{4,}$"
)

RAW = (
    "Pass on the raw bytes as they came in (await request.read(), request.body, request.get_data()), and let no "
    "gateway reformat them"
)
"""The remedy where something changed the body."""
_EVENT = "Give the bytes of the request's body, decoded as the gateway's documentation says"


class Change(NamedTuple):
    """One thing that may have happened to a body.

    Attributes:
        name: names the cause.
        text: what happened.
        remedy: what to do.
        undo: yields what the body may have been before; nothing if there is no sign of this change.
    """

    name: str
    text: str
    remedy: str
    undo: Callable[[bytes], Iterable[bytes]]


def _mark(body: bytes) -> Iterator[bytes]:
    if body.startswith(b"\xef\xbb\xbf"):
        yield body[3:]


def _base64(body: bytes) -> Iterator[bytes]:
    text = body.translate(None, b" \r\n\t").strip(b'"')
    if len(text) < _SHORTEST_BASE64:
        return
    for alternative in (None, b"-_"):
        with suppress(binascii.Error, ValueError):
            yield base64.b64decode(text + b"=" * (-len(text) % 4), alternative, validate=True)


def _hexadecimal(body: bytes) -> Iterator[bytes]:
    if re.fullmatch(rb"(?:[0-9a-fA-F]{2}){16,}", body.strip()):
        yield bytes.fromhex(body.strip().decode("ascii"))


def _form(body: bytes) -> Iterator[bytes]:
    if _FLAT_FORM.match(body):
        yield b""  # members that stand apart can't be put together again
    if _FORM.match(body) or body.endswith(b"}="):
        plain = unquote_to_bytes(body.replace(b"+", b" "))
        yield from (plain.removesuffix(b"="), plain.partition(b"=")[2], unquote_to_bytes(body).removesuffix(b"="))


def _blanks(body: bytes) -> Iterator[bytes]:
    if _BLANK_IN_BASE64.search(body):
        yield body.replace(b" ", b"+")
        yield _NO_BLANKS.sub(lambda found: found[0].replace(b" ", b"+"), body)


def _html(body: bytes) -> Iterator[bytes]:
    if _ENTITY.search(body):
        from html import unescape

        with suppress(ValueError):  # a number of too many digits
            yield unescape(body.decode("utf-8", "replace")).encode()


def _representation(body: bytes) -> Iterator[bytes]:
    """Python's `repr` of bytes, of a str or of a dict."""
    if body[:2] not in {b"b'", b'b"', b"{'"} and body[:1] != b"'":
        return
    if body.count(b"{") + body.count(b"[") > _MOST_BRACKETS or body.count(b",") > _MOST_COMMAS:
        return
    if not _REPRESENTATION.fullmatch(body):
        return
    from ast import literal_eval

    with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        value = literal_eval(body.decode())
        yield value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else orjson.dumps(value)


def _json_text(body: bytes) -> Iterator[bytes]:
    value = json_of(body)
    if isinstance(value, str):
        yield value.encode()
    elif body[:2] == b'"{' and body[-2:] == b'}"':
        yield body[1:-1]
    elif body.startswith(b'{\\"'):
        yield body.replace(b'\\"', b'"').replace(b"\\\\", b"\\")


def _wrapped(body: bytes) -> Iterator[bytes]:
    """The event of a cloud function or an API gateway, with the body as one of its texts."""
    for text in _texts(json_of(body)):
        if text[:1] == "{":
            candidates: Iterable[bytes] = (text.encode(),)
        else:
            candidates = _base64(text.encode()) if len(text) > _SHORTEST_ENVELOPE else ()
        yield from (candidate for candidate in candidates if b'"resource"' in candidate)


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        if depth:
            yield value
    elif isinstance(value, dict | list) and depth < _DEEPEST:
        items = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
        for item in items:
            yield from _texts(item, depth + 1)


def _nested(body: bytes) -> Iterator[bytes]:
    value = json_of(body)
    if isinstance(value, dict) and not {"id", "resource"} <= value.keys():
        for item in cast("dict[str, object]", value).values():
            if isinstance(item, dict) and {"id", "resource"} <= item.keys():
                yield compact(cast("object", item))


def _charset(body: bytes) -> Iterator[bytes]:
    """The body in UTF-8, where it was encoded or decoded in another charset."""
    if b"\0" in body[:4]:
        with suppress(UnicodeError):
            yield body.decode("utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-16-le").encode()
        return
    try:
        text = body.decode()
    except UnicodeDecodeError:
        for charset in ("gb18030", "big5", "latin-1"):
            with suppress(UnicodeError):
                yield body.decode(charset).encode()
        return
    for charset in ("latin-1", "cp1252", "gb18030"):
        with suppress(UnicodeError):
            undone = text.encode(charset)
            undone.decode()
            yield undone


def _packed(body: bytes) -> Iterator[bytes]:
    if body[:4] == b"\x28\xb5\x2f\xfd":
        yield b""  # Zstandard
        return
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib; deflate without a head
        if body[:1] not in b"{[ \r\n<":
            with suppress(zlib.error):
                unpacked = zlib.decompressobj(bits).decompress(body, LONGEST)
                if unpacked[:1] in {b"{", b"<"}:  # deflate without a head is found in any text, and holds nothing
                    yield unpacked


def _framed(body: bytes) -> Iterator[bytes]:
    """A body of chunks, with their lengths left in it."""
    plain, at = bytearray(), 0
    while (found := _CHUNK.match(body, at)) and (length := int(found[1], 16)) <= LONGEST:
        end = found.end() + length
        plain += body[found.end() : end]
        at = end + 2 * body.startswith(b"\r\n", end)
    if plain:
        yield bytes(plain)


def _after_its_head(body: bytes) -> Iterator[bytes]:
    if _HEAD.match(body):
        yield re.split(rb"\r?\n\r?\n", body, maxsplit=1)[-1]


def _text_of_an_object(body: bytes) -> Iterator[bytes]:
    if _OBJECT.match(body):
        yield b""  # its members' texts aren't told apart any more


def _twice(body: bytes) -> Iterator[bytes]:
    half, odd = divmod(len(body), 2)
    if not odd and body[:half] == body[half:]:
        yield body[:half]


def _part(body: bytes) -> Iterator[bytes]:
    """The parts of a multipart form."""
    if body[:2] != b"--":
        return
    boundary = body.partition(b"\r\n")[0]
    for part in body.split(boundary)[1:20]:
        content = part.partition(b"\r\n\r\n")[2]
        if content:
            yield content.removesuffix(b"\r\n")


def _lost_characters(body: bytes) -> Iterator[bytes]:
    if "\ufffd".encode() in body or re.search(rb'"summary": ?"(?:\?\?|\*\*|")', body):
        yield b""  # they can't be brought back


CHANGES = (
    Change("body-bom", "a byte order mark was put before the body", RAW, _mark),
    Change("body-packed", "the body is still packed (gzip, deflate)", "Unpack it before it is verified", _packed),
    Change("body-utf-8", "the body was decoded or encoded in another charset than UTF-8", RAW, _charset),
    Change("body-base64", "the body is the Base64 of the platform's (isBase64Encoded)", _EVENT, _base64),
    Change("body-hex", "the body is the platform's in hexadecimal digits", _EVENT, _hexadecimal),
    Change("body-chunked", "the lengths of the chunks that it came in are left in the body", RAW, _framed),
    Change("body-after-head", "the request's first line and headers stand before the body", RAW, _after_its_head),
    Change(
        "body-object-text",
        "the body is the text of a parsed object, or of nothing, as a program prints it, and not the bytes that came",
        RAW,
        _text_of_an_object,
    ),
    Change("body-form", "the body was encoded as a form", RAW, _form),
    Change("body-multipart", "the body is a part of a multipart form", RAW, _part),
    Change("body-html", "the body was escaped for HTML", RAW, _html),
    Change(
        "body-repr",
        "the body is Python's repr of the bytes or of the parsed JSON, not the bytes",
        RAW,
        _representation,
    ),
    Change("body-json-string", "the body is a JSON string that holds the platform's body", RAW, _json_text),
    Change("body-wrapped", "a gateway wrapped the body into an event of its own", _EVENT, _wrapped),
    Change("body-wrapped", "something wrapped the body into a JSON object of its own", RAW, _nested),
    Change("body-twice", "the body is there twice", RAW, _twice),
    Change("body-blanks", "plus signs became blanks, as in decoding a form", RAW, _blanks),
    Change(
        "body-utf-8",
        "characters were lost in decoding or masked (U+FFFD, ?, * or nothing stands in their place)",
        RAW,
        _lost_characters,
    ),
)
