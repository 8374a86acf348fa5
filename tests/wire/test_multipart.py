"""Uploads, read back with the standard library's parser of messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.wire import multipart

META = '{"filename":"照片.jpg","sha256":"00"}'.encode()


@dataclass(frozen=True)
class Sent:
    """A whole upload."""

    content_type: str
    body: bytes


def upload(**changes: Any) -> Sent:
    """An encoded upload."""
    values: dict[str, Any] = {
        "meta": META,
        "file": b"\xff\xd8 JFIF",
        "file_name": "licence.jpg",
        "file_part": "file",
        "boundary": "b" * 48,
    }
    values |= changes
    meta, file = values.pop("meta"), values.pop("file")
    envelope = multipart.envelope([("meta", "application/json", meta)], **values)
    return Sent(envelope.content_type, envelope.head + file + envelope.tail)


def raw_parts(sent: Sent) -> list[tuple[list[bytes], bytes]]:
    """Header lines and content of each part, cut at the boundary alone."""
    boundary = sent.content_type.partition("boundary=")[2].encode()
    first, *parts, last = sent.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    result = []
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        assert content.endswith(b"\r\n")
        result.append((head.split(b"\r\n"), content[:-2]))
    return result


def parsed(sent: Sent) -> list[Any]:
    """The parts as the standard library reads them."""
    head = f"Content-Type: {sent.content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + sent.body)
    assert not message.defects
    return list(message.iter_parts())


def test_two_parts() -> None:
    """`meta` comes first, byte for byte as signed, then the file under its name and type."""
    meta, file = parsed(upload())
    assert (meta.get_content_type(), meta["Content-Disposition"].params) == ("application/json", {"name": "meta"})
    assert meta.get_payload(decode=True) == META
    assert file.get_content_type() == "image/jpeg"
    assert file["Content-Disposition"].params == {"name": "file", "filename": "licence.jpg"}
    assert file.get_payload(decode=True) == b"\xff\xd8 JFIF"


def test_meta_has_no_file_name() -> None:
    """The platform takes a part with a file name for a file."""
    (head, _), _ = raw_parts(upload())
    assert not any(b"filename" in line for line in head)


def test_other_part_names() -> None:
    """Some operations name the file's part differently."""
    assert parsed(upload(file_part="submission_file"))[1]["Content-Disposition"].params["name"] == "submission_file"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("营业执照.jpg", "营业执照.jpg"),
        ('a"b.jpg', "a%22b.jpg"),
        ('"; name="meta', "%22; name=%22meta"),
        ("a\r\nContent-Type: text/html\r\n\r\nx.jpg", "a%0D%0AContent-Type: text/html%0D%0A%0D%0Ax.jpg"),
        ("a\nb.png", "a%0Ab.png"),
        ("a\0b\x1b\x7f.jpg", "a%00b%1B%7F.jpg"),
        ("a b;c=d.jpg", "a b;c=d.jpg"),
        ("a\\b.jpg", "a\\b.jpg"),
        ("100%.jpg", "100%.jpg"),
    ],
)
def test_file_names(name: str, written: str) -> None:
    """Chinese stays UTF-8; quotes and line ends are escaped as browsers do, so a name ends where it should."""
    _, (head, content) = raw_parts(upload(file_name=name))
    assert head[0].decode() == f'Content-Disposition: form-data; name="file"; filename="{written}"'
    assert len(head) == 2
    assert content == b"\xff\xd8 JFIF"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image/jpeg"),
        ("A.JPG", "image/jpeg"),
        ("a.png", "image/png"),
        ("a.pdf", "application/pdf"),
        ("a.mp4", "video/mp4"),
        ("a", "application/octet-stream"),
        (".jpg", "application/octet-stream"),
        ("a.unknown-kind", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("data:a/b\r\nX-Evil: 1,x.jpg", "image/jpeg"),
        ("a.jpg\r\nX-Evil: 1", "application/octet-stream"),
        ("https://x.example/a.png", "image/png"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    """The type goes by the suffix alone; a name that poses as a data URL can't choose it, nor add a line."""
    _, (head, _) = raw_parts(upload(file_name=name))
    assert head[1:] == [f"Content-Type: {kind}".encode()]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
    | st.from_regex(r'(data:)?[a-z/\r\n";:,.= ]{0,20}\.(jpg|png)', fullmatch=True)
)
def test_no_file_name_adds_a_line(name: str) -> None:
    """Whatever a file is called, its part has two header lines, and the name comes back."""
    (_, meta), (head, content) = raw_parts(upload(file_name=name))
    assert (meta, content) == (META, b"\xff\xd8 JFIF")
    assert len(head) == 2
    escaped = "".join(f"%{ord(char):02X}" if char == '"' or char < " " or char == "\x7f" else char for char in name)
    assert head[0].decode() == f'Content-Disposition: form-data; name="file"; filename="{escaped}"'


@given(st.binary())
def test_any_content(content: bytes) -> None:
    """Binary content, line ends and dashes included, arrives byte for byte."""
    (_, meta), (_, file) = raw_parts(upload(file=content))
    assert (meta, file) == (META, content)


def test_boundaries() -> None:
    """Long, random, of letters and digits, never the same."""
    boundaries = {multipart.make_boundary() for _ in range(100)}
    assert len(boundaries) == 100
    assert all(re.fullmatch("[0-9a-f]{48}", boundary) for boundary in boundaries)


@pytest.mark.parametrize("name", ['a"\r\nX: y\r\n\r\nz', 'x"; filename="evil', "a\n", "", "\x7f"])
def test_a42_names_that_would_end_their_place(name: str) -> None:
    """A name with quotes or line ends in it would add headers and parts: it is refused."""
    with pytest.raises(ConfigurationError, match="no name of a form's part"):
        multipart.envelope([(name, "text/plain", b"1")], file_name="a.jpg", file_part="media", boundary="b")
