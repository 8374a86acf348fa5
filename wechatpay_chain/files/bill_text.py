"""The text of a bill, packed or not, in UTF-8 or GBK; and errors for what is no bill."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import unescape
from io import BufferedReader
from typing import IO, Any, cast

import orjson

from ..errors import DecodeError, printable
from ..wire import v2

_BOM = codecs.BOM_UTF8
_GZIP = b"\x1f\x8b"
# Beginnings of files that are no bills, and what to do with them.
_OTHERS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive or an Excel file: unpack it, or save it as CSV",
    b"%PDF": "a PDF: ask for the bill as a table",
    codecs.BOM_UTF16_LE: "UTF-16 text: save it as CSV in UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16 text: save it as CSV in UTF-8",
}
_LONGEST_LINE = 1024 * 1024
# Bytes that are read of something else than a bill: enough for a refusal, and for the beginning of a page.
_LONGEST_PAGE = 64 * 1024
# Words in the names of any bill's columns, by which GBK is recognised.
_NAMES = re.compile(r"时间|日期|金额|订单|单号|商户")
# The members of a refusal, of APIv2 and APIv3, and how many characters of each are shown.
_SAID_IN = ("return_msg", "err_code_des", "err_code", "error_code", "code", "message")
_LONGEST_WORD = 200
_TITLE = re.compile(r"<title[^<>]*>([^<]{1,200})", re.IGNORECASE)


def lines_of(file: BufferedReader) -> Iterator[str]:
    """The lines of a bill with their ends.

    Raises:
        DecodeError: it is no text, or no bill: a refusal, a page or another file in its place.
        OSError: it can't be read.
    """
    is_packed = file.peek(len(_GZIP)).startswith(_GZIP)
    raw = _raw_lines(cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file)
    encoding = "utf-8"
    is_begun = False
    for line in raw:
        if not is_begun and line.strip():
            is_begun = True
            _check_is_bill(line, raw)
            encoding = _encoding(line)
        yield _decoded(line, encoding)


def _raw_lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := _read_line(file):
        if len(line) > _LONGEST_LINE:
            raise DecodeError(f"a line of the bill is longer than {_LONGEST_LINE:,} bytes: it is no bill")
        yield line


def _read_line(file: IO[bytes]) -> bytes:
    try:
        return file.readline(_LONGEST_LINE + 1)
    except (gzip.BadGzipFile, zlib.error):
        raise DecodeError("the packed bill is damaged: it can't be unpacked") from None
    except EOFError:
        raise DecodeError("the packed bill is cut off: its content doesn't end") from None


def _check_is_bill(first: bytes, rest: Iterator[bytes]) -> None:
    for beginning, what in _OTHERS.items():
        if first.startswith(beginning):
            raise DecodeError(f"it is {what}")
    begins = first.removeprefix(_BOM).lstrip()[:1]
    if begins in {b"<", b"{", b"["}:
        page = bytearray(first)
        while len(page) < _LONGEST_PAGE and (line := next(rest, b"")):
            page += line
        raise DecodeError(f"it is no bill but {_description(bytes(page).removeprefix(_BOM).strip())}")


def _description(page: bytes) -> str:
    """What was answered in place of a bill, with the answer's own words."""
    said: Mapping[str, Any] = {}
    if page.startswith(b"<"):
        try:
            said = v2.parse(page)
        except DecodeError:
            title = _TITLE.search(page.decode("utf-8", "replace"))
            return f"a page, perhaps of a proxy{f': {printable(unescape(title[1]).strip())}' if title else ''}"
    else:
        with suppress(orjson.JSONDecodeError):
            content: object = orjson.loads(page)
            said = cast("Mapping[str, Any]", content) if isinstance(content, dict) else {}
    words = ", ".join(printable(str(said[name])[:_LONGEST_WORD]) for name in _SAID_IN if said.get(name))
    return f"a refusal: {words}" if words else "something else"


def _encoding(first: bytes) -> str:
    """UTF-8, or GBK as Excel writes it on Chinese systems. Other bytes fail when they are read."""
    try:
        first.decode("utf-8")
    except UnicodeDecodeError:
        if _NAMES.search(first.decode("gb18030", "replace")):
            return "gb18030"
    return "utf-8"


def _decoded(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        raise DecodeError(f"the bill is not {encoding.upper()} text: an encrypted one must be opened first") from None
