"""DER, as far as keys, certificates and ciphertexts of SM2 need it: elements with one-byte tags."""

from __future__ import annotations

from typing import NamedTuple

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
UTC_TIME = 0x17
SEQUENCE = 0x30
SET = 0x31

_LONG_FORM = 0x80
_MOST_LENGTH_BYTES = 4
_MULTI_BYTE_TAG = 0x1F


class Element(NamedTuple):
    """One element: its tag, and its content without tag and length."""

    tag: int
    content: bytes

    @property
    def items(self) -> list[Element]:
        """The elements that a sequence, a set or an explicit tag holds.

        Raises:
            ValueError: the content isn't made of elements.
        """
        return read_all(self.content)

    def expect(self, tag: int) -> Element:
        """This element, if it has the tag.

        Raises:
            ValueError: it has another.
        """
        if self.tag != tag:
            raise ValueError(f"an element has the tag {self.tag:#x}, not {tag:#x}")
        return self


def read_one(data: bytes) -> Element:
    """The only element of `data`.

    Raises:
        ValueError: `data` has no element, more than one, or isn't DER.
    """
    found = read_all(data)
    if len(found) != 1:
        raise ValueError(f"{len(found)} elements were found, not one")
    return found[0]


def read_all(data: bytes) -> list[Element]:
    """All elements of `data`, in order.

    Raises:
        ValueError: it isn't DER: an indefinite, needlessly long or too big length, or a tag of several bytes.
    """
    found: list[Element] = []
    start = 0
    while start < len(data):
        tag, begin, end = _bounds(data, start)
        found.append(Element(tag, data[begin:end]))
        start = end
    return found


def write(tag: int, *contents: bytes) -> bytes:
    """An element that holds `contents` one behind the other."""
    content = b"".join(contents)
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(length))) + length + content


def write_integer(number: int) -> bytes:
    """A number that is not negative."""
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def read_integer(element: Element) -> int:
    """A number that is not negative.

    Raises:
        ValueError: the element is no integer, is negative, or begins with needless zeros.
    """
    content = element.expect(INTEGER).content
    if not content or content[0] >= _LONG_FORM or (len(content) > 1 and content[0] == 0 and content[1] < _LONG_FORM):
        raise ValueError("a number is empty, negative, or begins with needless zeros")
    return int.from_bytes(content, "big")


def read_bits(element: Element) -> bytes:
    """The bytes of a bit string without unused bits.

    Raises:
        ValueError: the element is no bit string, or has unused bits.
    """
    content = element.expect(BIT_STRING).content
    if content[:1] != b"\0":
        raise ValueError("a bit string has unused bits")
    return content[1:]


def _bounds(data: bytes, start: int) -> tuple[int, int, int]:
    """Tag, begin and end of the element that starts here."""
    if start + 2 > len(data):
        raise ValueError("an element is cut off")
    tag, size, begin = data[start], data[start + 1], start + 2
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise ValueError("a tag has several bytes")
    if size >= _LONG_FORM:
        count = size - _LONG_FORM
        begin += count
        size = int.from_bytes(data[start + 2 : begin], "big")
        if not 0 < count <= _MOST_LENGTH_BYTES or size < _LONG_FORM or size < 1 << 8 * (count - 1):
            raise ValueError("a length is indefinite, needlessly long, or too big")
    if begin + size > len(data):
        raise ValueError("an element is cut off")
    return tag, begin, begin + size
