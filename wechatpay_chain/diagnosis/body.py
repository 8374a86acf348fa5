"""Why a signature doesn't fit although the platform made it: the body isn't the bytes that were signed any more.

What may have happened to a body is undone, and the signature is tried again. Where it fits, the cause is proven.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_to_bytes

import orjson

from ..errors import Cause

Fits = Callable[[bytes], bool]
"""Whether the signature fits a body."""

# Diagnosing is for honest mistakes; what a forger sends is not worth the time.
_LONGEST = 100_000
_MOST_TRIALS = 40
_FORM = re.compile(rb"[A-Za-z_]{1,32}=(?:%7B|\{)|%7B", re.IGNORECASE)
# Base64, and the zone of a time, hold plus signs and no blanks.
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
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,6})(?:;[^\r\n]*)?\r\n")
_HEAD = re.compile(rb"(?:[A-Z]{3,7} \S+ HTTP/|HTTP/)[0-9.]+[^\n]*\n")
# JavaScript, Go, PHP, Java and others; null and None of what was read a second time.
_OBJECT = re.compile(
    rb"\[object |map\[\w+:|Array\s*\(|array\(\d+\)|(?:null|None|nil|undefined|\{\}|\[\])$|"
    rb"(?:\w+[({])?\{?\w+=[^&]*, \w+=|\{\s*:?\"?\w+\"? ?=>|<[A-Za-z_.]+ object at |[A-Za-z_.$]+@[0-9a-f]{4,}$"
)
_CAMEL = re.compile("[A-Z]")
_ZONE = timezone(timedelta(hours=8))
# Seconds; a larger number is of milliseconds.
_LATEST = 10_000_000_000

# As real notifications have them.
_ENVELOPE = ("id", "create_time", "resource_type", "event_type", "summary", "resource")
_RESOURCE = ("original_type", "algorithm", "ciphertext", "associated_data", "nonce")

_RAW = (
    "Pass on the raw bytes as they came in (await request.read(), request.body, request.get_data()), and let no "
    "gateway reformat them"
)
_EVENT = "Give the bytes of the request's body, decoded as the gateway's documentation says"


class _Reading(NamedTuple):
    """One thing that may have happened to a body.

    Attributes:
        name: names the cause.
        text: what happened.
        remedy: what to do.
        undo: gives what the body may have been before; nothing where there is no trace of it.
    """

    name: str
    text: str
    remedy: str
    undo: Callable[[bytes], Iterable[bytes]]


def causes(body: bytes, fits: Fits) -> tuple[Cause, ...]:
    """Say what happened to a body whose signature doesn't fit; nothing where there is no sign of anything.

    Args:
        body: the body as it was given.
        fits: whether the signature fits another body.
    """
    if not body.strip():
        text = "the body is empty: something read it before, and a body can be read once"
        return (Cause("body-empty", text, _RAW, "likely"),)
    if len(body) > _LONGEST:
        return ()
    tried = _Trials(fits)
    if any(map(tried.fit, _other_ends(body))):
        text = "blanks or line ends around the body were added or taken away (undone, the signature fits)"
        return (Cause("body-line-ends", text, _RAW, "proven"),)
    written = _written_again(body, tried)
    if written is not None and written.certainty == "proven":
        return (written,)
    traces: list[Cause] = []
    for reading in _READINGS:
        found = [candidate for candidate in reading.undo(body) if candidate != body]
        if any(tried.fit(candidate) or _written_again(candidate, tried, proven=True) for candidate in found):
            text = f"{reading.text} (undone, the signature fits)"
            return (Cause(reading.name, text, reading.remedy, "proven"),)
        if found:
            traces.append(Cause(reading.name, reading.text, reading.remedy, "likely"))
    shape = _shape(body)
    return tuple(filter(None, (*traces, shape, written)))


class _Trials:
    """Tries bodies, each once, and not without end."""

    def __init__(self, fits: Fits) -> None:
        self._fits = fits
        self._tried: dict[bytes, bool] = {}

    def fit(self, body: bytes) -> bool:
        if body not in self._tried:
            self._tried[body] = len(self._tried) < _MOST_TRIALS and self._fits(body)
        return self._tried[body]


def _written_again(body: bytes, tried: _Trials, *, proven: bool = False) -> Cause | None:
    """The cause where a body is JSON that something parsed and wrote again.

    Args:
        body: the body.
        tried: tries others.
        proven: whether only a cause that can be proven is asked for.
    """
    value = _json(body)
    if value is None:
        return None
    compact = _compact(value)
    if tried.fit(compact):
        text = "the body was parsed and written again (the signature fits the same JSON in compact form)"
        return Cause("body-rewritten", text, _RAW, "proven")
    envelope = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    restored = _compact(_in_order(envelope))
    if tried.fit(restored):
        text = (
            "the body was parsed and written again with its members in another order (put back in the platform's "
            "order, the signature fits)"
        )
        return Cause("body-reordered", text, _RAW, "proven")
    typed = _compact(_in_order(_untyped(envelope)))
    if typed != restored and tried.fit(typed):
        text = (
            "the body was read into typed objects and written again, which changed its members "
            "(changed back, the signature fits)"
        )
        return Cause("body-rewritten", text, _RAW, "proven")
    if proven or not envelope:
        return None
    if {"id", "resource"} <= envelope.keys() and (changed := _changed(envelope)):
        text = f"the body was parsed and written again, or filtered, on its way here: {changed}"
        return Cause("body-rewritten", text, _RAW, "likely")
    if compact and compact != body:
        text = "the body is JSON, but not as the platform writes it, so it was parsed and written again on its way here"
        return Cause("body-rewritten", text, _RAW, "likely")
    if {"id", "resource"} <= envelope.keys() and restored != compact:
        text = "the body's members are in another order than the platform's, so it was parsed and written again"
        return Cause("body-reordered", text, _RAW, "likely")
    return None


def _in_order(envelope: Mapping[str, Any], order: tuple[str, ...] = _ENVELOPE) -> dict[str, Any]:
    """The members in the order of real notifications; those that none has at the end."""
    names = [*(name for name in order if name in envelope), *(name for name in envelope if name not in order)]
    members = {name: envelope[name] for name in names}
    resource = members.get("resource")
    if isinstance(resource, dict):
        members["resource"] = _in_order(cast("dict[str, Any]", resource), _RESOURCE)
    return members


def _untyped(members: Mapping[str, Any], *, is_nested: bool = False) -> dict[str, Any]:
    """The members as the platform writes them, where a program's own classes wrote them."""
    return {
        _CAMEL.sub(lambda found: "_" + found[0].lower(), name): value if is_nested else _untyped_value(name, value)
        for name, value in members.items()
        if value is not None
    }


def _untyped_value(name: str, value: Any) -> Any:
    if name in {"create_time", "createTime"}:
        return _beijing(value)
    if name == "resource" and isinstance(value, str):
        value = _json(value.encode("utf-8", "replace"))
    if name != "resource" or not isinstance(value, dict):
        return value
    return _untyped(cast("dict[str, Any]", value), is_nested=True)


def _beijing(value: object) -> object:
    """A time in the form that notifications have; what is no time stays as it is."""
    try:
        if isinstance(value, int):
            moment = datetime.fromtimestamp(value / 1000 if value > _LATEST else value, _ZONE)
        else:
            moment = datetime.fromisoformat(str(value))
        return moment.astimezone(_ZONE).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return value


def _changed(envelope: Mapping[str, Any]) -> str | None:
    """What tells that something wrote an envelope that the platform didn't write so; None where nothing does."""
    resource: object = envelope["resource"]
    members = cast("dict[str, Any]", resource) if isinstance(resource, dict) else {}
    if not members:
        return "resource is no object"
    lacking = [name for name in _ENVELOPE if name not in envelope]
    lacking += [f"resource.{name}" for name in ("algorithm", "ciphertext", "nonce") if name not in members]
    if lacking:
        return f"it has no {', '.join(lacking)}"
    empty = [name for name, value in (*envelope.items(), *members.items()) if value is None]
    if empty:
        return f"it has null in {', '.join(empty)[:80]}, which the platform leaves out"
    time: object = envelope["create_time"]
    if _beijing(time) != time:
        return "create_time isn't in the platform's form, such as 2026-11-20T10:00:00+08:00"
    return None


def _shape(body: bytes) -> Cause | None:
    """What a body is in place of a notification or an answer."""
    if _PAGE.match(body):
        text = "the body is a web page: a proxy, a login page or the shop's own error page stands in its place"
        return Cause("body-web-page", text, _RAW, "likely")
    if body.rstrip()[-1:] == b"}" and body.lstrip()[:1] != b"{" and b'"resource"' in body:
        text = "the body ends as JSON and doesn't begin as such: its beginning was read or cut off before"
        return Cause("body-cut-off", text, _RAW, "likely")
    if body.lstrip()[:1] == b"{" and _json(body) is None:
        text = "the body begins as JSON and doesn't end as such: it was cut off, or changed, on its way here"
        return Cause("body-cut-off", text, _RAW, "likely")
    value = _json(body)
    if not isinstance(value, dict) or not value:
        return None
    if "ciphertext" in value and "resource" not in value:
        text = "the body is the resource alone, without the envelope around it, and the signature covers the envelope"
        return Cause("body-resource-alone", text, _RAW, "likely")
    if "resource" not in value and ("out_trade_no" in value or "trade_state" in value or "refund_status" in value):
        text = "the body is no envelope: it looks like the decrypted content, which is not what the signature covers"
        return Cause("body-decrypted", text, _RAW, "possible")
    return None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _compact(value: object) -> bytes:
    """JSON as the platform writes it; nothing for what is nested too deeply to be written."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b""


def _mark(body: bytes) -> Iterator[bytes]:
    if body.startswith(b"\xef\xbb\xbf"):
        yield body[3:]


def _other_ends(body: bytes) -> tuple[bytes, ...]:
    return body.strip(b" \t\r\n\0"), body + b"\n", body.replace(b"\r\n", b"\n")


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

        yield unescape(body.decode("utf-8", "replace")).encode()


def _representation(body: bytes) -> Iterator[bytes]:
    """Python's `repr` of bytes, of a str or of a dict."""
    if body[:2] not in {b"b'", b'b"', b"{'"} and body[:1] != b"'":
        return
    from ast import literal_eval

    with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        value = literal_eval(body.decode())
        yield value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else orjson.dumps(value)


def _json_text(body: bytes) -> Iterator[bytes]:
    value = _json(body)
    if isinstance(value, str):
        yield value.encode()
    elif body[:2] == b'"{' and body[-2:] == b'}"':
        yield body[1:-1]
    elif body.startswith(b'{\\"'):
        yield body.replace(b'\\"', b'"').replace(b"\\\\", b"\\")


def _wrapped(body: bytes) -> Iterator[bytes]:
    """The event of a cloud function or an API gateway, with the body as one of its texts."""
    for text in _texts(_json(body)):
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
    value = _json(body)
    if isinstance(value, dict) and not {"id", "resource"} <= value.keys():
        for item in cast("dict[str, object]", value).values():
            if isinstance(item, dict) and {"id", "resource"} <= item.keys():
                yield _compact(cast("object", item))


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
                unpacked = zlib.decompressobj(bits).decompress(body, _LONGEST)
                if unpacked[:1] in {b"{", b"<"}:  # deflate without a head is found in any text, and holds nothing
                    yield unpacked


def _framed(body: bytes) -> Iterator[bytes]:
    """A body of chunks, with their lengths left in it."""
    plain, rest = b"", body
    while (found := _CHUNK.match(rest)) and (length := int(found[1], 16)) <= _LONGEST:
        plain += rest[found.end() : found.end() + length]
        rest = rest[found.end() + length :].removeprefix(b"\r\n")
    if plain:
        yield plain


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


_READINGS = (
    _Reading("body-bom", "a byte order mark was put before the body", _RAW, _mark),
    _Reading("body-packed", "the body is still packed (gzip, deflate)", "Unpack it before it is verified", _packed),
    _Reading("body-utf-8", "the body was decoded or encoded in another charset than UTF-8", _RAW, _charset),
    _Reading("body-base64", "the body is the Base64 of the platform's (isBase64Encoded)", _EVENT, _base64),
    _Reading("body-hex", "the body is the platform's in hexadecimal digits", _EVENT, _hexadecimal),
    _Reading("body-chunked", "the lengths of the chunks that it came in are left in the body", _RAW, _framed),
    _Reading("body-after-head", "the request's first line and headers stand before the body", _RAW, _after_its_head),
    _Reading(
        "body-object-text",
        "the body is the text of a parsed object, or of nothing, as a program prints it, and not the bytes that came",
        _RAW,
        _text_of_an_object,
    ),
    _Reading("body-form", "the body was encoded as a form", _RAW, _form),
    _Reading("body-multipart", "the body is a part of a multipart form", _RAW, _part),
    _Reading("body-html", "the body was escaped for HTML", _RAW, _html),
    _Reading(
        "body-repr",
        "the body is Python's repr of the bytes or of the parsed JSON, not the bytes",
        _RAW,
        _representation,
    ),
    _Reading("body-json-string", "the body is a JSON string that holds the platform's body", _RAW, _json_text),
    _Reading("body-wrapped", "a gateway wrapped the body into an event of its own", _EVENT, _wrapped),
    _Reading("body-wrapped", "something wrapped the body into a JSON object of its own", _RAW, _nested),
    _Reading("body-twice", "the body is there twice", _RAW, _twice),
    _Reading("body-blanks", "plus signs became blanks, as in decoding a form", _RAW, _blanks),
    _Reading(
        "body-utf-8",
        "characters were lost in decoding or masked (U+FFFD, ?, * or nothing stands in their place)",
        _RAW,
        _lost_characters,
    ),
)
