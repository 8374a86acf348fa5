"""Messages in files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications import sender
from wechatpay_chain import ConfigurationError
from wechatpay_chain.notifications import saved


def test_a_saved_notification_is_replayed(tmp_path: Path) -> None:
    """What was written is read again, byte for byte, and a webhook opens it as when it came."""
    headers, body = sender.notify()
    path = tmp_path / "n.http"
    path.write_bytes(saved.write("POST /notify HTTP/1.1", headers, body, received=1.5))
    message = saved.read(path)
    assert (message.body, message.received, message.status) == (body, 1.5, None)
    assert sender.webhook().open(message.headers, message.body).resource == sender.PAYMENT


@given(st.binary(max_size=200))
def test_bodies_stay_as_they_are(body: bytes) -> None:
    """A body of any bytes, one with empty lines too, comes back whole."""
    assert saved.parse(saved.write("POST / HTTP/1.1", {"A": "b"}, body, received=0)).body == body


def test_an_answer_of_curl() -> None:
    """The answer of `curl -i` is read, what a proxy said before it is skipped."""
    message = saved.parse(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/2 404 \r\nrequest-id: 1\r\n\r\n{}")
    assert (message.status, message.headers["Request-ID"], message.body) == (404, "1", b"{}")


@pytest.mark.parametrize("content", [b"", b"{}", b"HTTP/1.1 200 OK\r\nA: b", b"\x00\x01"])
def test_no_message(content: bytes) -> None:
    """What is no HTTP message is refused with what to give."""
    with pytest.raises(ConfigurationError, match="curl -i"):
        saved.parse(content)


@pytest.mark.parametrize(
    "line", [" " * 200_000, "a" + " " * 200_000 + "b", "a:" + " " * 200_000, "x-" + "wechatpay-" * 20_000]
)
def test_long_lines_are_read_in_one_pass(line: str) -> None:
    """A line takes no longer than it is long."""
    started = time.process_time()
    assert saved.parse_headers(f"{line}\nOther: b")["Other"] == "b"
    assert time.process_time() - started < 5


def test_no_file(tmp_path: Path) -> None:
    """A file that can't be read is named."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        saved.read(tmp_path / "none")
