"""APIv2's messages: flat XML, read without entities and written without CDATA.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import ConfigurationError, DecodeError

BLANKS = b"\xef\xbb\xbf\t\r\n "
"""What may stand before a message: white space and the bytes of a byte order mark."""


_ROOT_AND_FIELD = 2


_MOST_FIELDS = 1000


# Messages have no attributes, which expat is slow to parse in great numbers; texts hold few equals signs.
_MOST_EQUALS_SIGNS = 20_000


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*", re.ASCII)


# What XML 1.0 leaves out. The opposite, spelt out, takes 9 ms to compile (`python -m benchmarks.import_time`).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


class _Refused(Exception):
    """Stops the parser at something that no message of the platform holds."""


class _Reader:
    """Collects the fields of a message that is one root with texts below it."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._open: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._open.append(name)
        self._text.clear()
        if len(self._open) > _ROOT_AND_FIELD:
            raise _Refused(f"an element inside of {self._open[1][:64]!r}")
        if len(self._open) == _ROOT_AND_FIELD and name in self.fields:
            raise _Refused(f"{name[:64]!r} twice")
        if len(self.fields) >= _MOST_FIELDS:
            raise _Refused(f"more than {_MOST_FIELDS} fields")

    def end(self, name: str) -> None:
        if len(self._open) == _ROOT_AND_FIELD:
            self.fields[name] = "".join(self._text)
        self._text.clear()
        self._open.pop()

    def text(self, text: str) -> None:
        if len(self._open) == _ROOT_AND_FIELD:
            self._text.append(text)
        elif text.strip():
            raise _Refused("text outside of any field")

    def doctype(self, *_: object) -> None:
        raise _Refused("a document type declaration")

    def instruction(self, *_: object) -> None:
        raise _Refused("a processing instruction")


def parse(body: bytes) -> dict[str, str]:
    """Read a message: one root, and below it fields with text.

    Entities can't be declared, because a document type declaration is refused where it begins: neither external
    files nor exponential expansions are possible. The text is UTF-8, whatever the declaration says.

    Raises:
        DecodeError: it isn't well-formed, or holds more than such a message holds.
    """
    from xml.parsers import expat  # only for APIv2

    if b"\0" in body:
        raise DecodeError("it is XML in another encoding than UTF-8")  # expat recognises UTF-16 by itself
    if body.count(b"=") > _MOST_EQUALS_SIGNS:
        raise DecodeError(f"it is XML with more than {_MOST_EQUALS_SIGNS} equals signs, which no message has")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        # As text: in bytes, expat follows a byte order mark of UTF-16 whatever encoding it was given.
        parser.Parse(body.decode(), True)
    except expat.ExpatError as error:
        raise _unreadable(body, f"it is not well-formed XML: {error}" if body.strip() else "it is empty") from None
    except UnicodeDecodeError:
        raise _unreadable(body, "it is not well-formed XML in UTF-8") from None
    except _Refused as refused:
        raise _unreadable(body, f"the XML holds {refused}, which no message of the platform does") from None
    return reader.fields


def _unreadable(body: bytes, found: str) -> DecodeError:
    from ...diagnosis import answer

    return DecodeError(found).because(answer.web_page(body))


def is_xml(content: bytes) -> bool:
    """Whether content is a message, and not the bill or the text that an operation also answers with."""
    return content.lstrip(BLANKS).startswith(b"<")


def build(fields: Mapping[str, str], root: str = "xml") -> bytes:
    """Write a message. Every value is escaped, so that none can add an element.

    Raises:
        ConfigurationError: a name isn't valid in XML, or a value has a character that XML can't carry.
    """
    return "".join([f"<{root}>", *(_element(name, value) for name, value in fields.items()), f"</{root}>"]).encode()


def _element(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"xml[{name!r}]", "it is no element name", "Use letters, digits and underscores")
    if _NOT_XML.search(value):
        raise ConfigurationError(f"xml[{name!r}]", "a character that XML can't carry", "Remove control characters")
    return f"<{name}>{value.translate(_ESCAPES)}</{name}>"
