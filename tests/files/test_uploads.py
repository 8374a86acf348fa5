"""Uploads: any source, any size, checked before anything is sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
import threading
import tracemalloc
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest

from tests.tcp import server
from wechatpay_chain import BadRequest, ConfigurationError, Request, Response, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.files.uploads import Source
from wechatpay_chain.http.attachment import Attachment
from wechatpay_chain.wire.multipart import envelope

MEDIA = "v3/merchant/media/upload"
UNLIMITED = "v3/global/merchant-storage/file/upload"
BIG = b"0123456789abcdef" * 200_000


async def chunks(content: bytes = BIG) -> AsyncIterator[bytes]:
    """Content that comes in pieces."""
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


def path_of(folder: Path, content: bytes, name: str = "执照.jpg") -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["path", "bytes", "chunks", "attachment"])
@pytest.mark.parametrize("content", [b"", b"\xff\xd8", BIG], ids=["empty", "small", "big"])
async def test_every_source_arrives_whole(
    emulator: Emulator, wxpay: WeChatPay, tmp_path: Path, kind: str, content: bytes
) -> None:
    """Name and digest are in the signed meta, and the file arrives byte for byte, over a socket."""
    named: dict[str, Any] = {"meta": {"filename": "执照.jpg"}}
    arguments: dict[str, Any] = {
        "path": {"file": path_of(tmp_path, content)},
        "bytes": {"file": content} | named,
        "chunks": {"file": chunks(content)} | named,
        "attachment": {"file": Attachment(content=chunks(content), name="执照.jpg")},
    }[kind]
    answer = await wxpay[MEDIA].post(**arguments)
    assert answer.json()["media_id"]
    call = emulator.calls[-1]
    assert call.file == content
    assert call.meta == {"filename": "执照.jpg", "sha256": hashlib.sha256(content).hexdigest()}


async def test_meta_is_made_and_signed_once(emulator: Emulator, tmp_path: Path) -> None:
    """The caller's members stand beside the digest, in the very bytes that were signed."""
    seen: list[Request] = []

    async def watch(request: Request) -> Response[Any]:
        seen.append(request)
        return await emulator(request)

    async with WeChatPay(**emulator.credentials(), transport=watch) as wxpay:
        await wxpay["v3/marketing/bank/packages/{package_id}/tasks"].post(
            package_id="P1", file=path_of(tmp_path, b"1", "a.csv"), meta={"bank_type": "CMB_DEBIT"}
        )
    (request,) = seen
    assert request.signed_body is not None
    assert json.loads(request.signed_body).keys() == {"bank_type", "filename", "sha256"}
    assert request.body is not None
    assert request.body.count(request.signed_body) == 1


@pytest.mark.parametrize(
    ("operation", "name", "size", "found"),
    [
        (MEDIA, "a.gif", 1, r"\.jpg, \.bmp, \.png, \.pdf"),
        (MEDIA, "a", 1, "no suffix"),
        (MEDIA, "a.JPG", 5 * 2**20 + 1, "5,242,880"),
        (MEDIA, "a.pdf", 7 * 2**20 + 2**19 + 1, "7,864,320"),
        ("v3/merchant/media/video_upload", "a.mp3", 1, r"\.mp4"),
        ("v3/merchant-service/images/upload", "a.png", 2 * 2**20 + 1, "2,097,152"),
        ("v3/marketing/favor/media/image-upload", "a.bmp", 2 * 2**20 + 1, "2,097,152"),
    ],
)
async def test_formats_and_sizes(emulator: Emulator, operation: str, name: str, size: int, found: str) -> None:
    """What the platform would refuse for its suffix or size isn't sent, and the error names what is taken."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    with pytest.raises(ConfigurationError, match=found) as caught:
        await wxpay[operation].post(file=Attachment(content=bytes(size), name=name))
    assert caught.value.argument == "file"
    assert not emulator.calls


async def test_the_largest_that_is_taken(emulator: Emulator) -> None:
    """A PDF may be bigger than a picture."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    answer = await wxpay[MEDIA].post(file=Attachment(content=bytes(7 * 2**20 + 2**19), name="a.pdf"))
    assert answer.verified


async def test_progress(wxpay: WeChatPay) -> None:
    """The callback hears of every piece of the file, up to its whole length."""
    heard: list[tuple[int, int | None]] = []
    await wxpay[MEDIA].post(
        file=Attachment(content=BIG, name="a.jpg", progress=lambda sent, length: heard.append((sent, length)))
    )
    assert heard[-1] == (len(BIG), len(BIG))
    assert heard == sorted(heard)
    assert len(heard) > 5


async def test_a_file_that_shrinks(tmp_path: Path) -> None:
    """A file that becomes shorter while it is sent breaks the sending; it isn't padded or cut."""
    path = path_of(tmp_path, BIG)
    async with Source.open(path) as source:
        sent = await source.enclose(envelope([], file_name="a", file_part="file", boundary="b"))
        path.write_bytes(b"")
        with pytest.raises(OSError, match="shorter"):
            await sent["payload"].read()


async def test_a_source_that_breaks_off(emulator: Emulator) -> None:
    """An incoming stream's own error reaches the caller, and nothing is sent."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"1"
        raise ConnectionResetError("the browser went away")

    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    with pytest.raises(ConnectionResetError):
        await wxpay[MEDIA].post(file=Attachment(content=broken(), name="a.jpg"))
    assert not emulator.calls


async def test_apiv2_upload(emulator: Emulator, tmp_path: Path) -> None:
    """A picture of APIv2 goes out with its MD5, signed, and bigger than memory cares for."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    answer = await wxpay.v2.secapi.mch.uploadmedia.post(file=path_of(tmp_path, BIG))
    assert answer.xml()["media_id"]
    call = emulator.calls[-1]
    assert call.file == BIG
    assert call.xml is not None
    assert call.xml["media_hash"] == hashlib.md5(BIG).hexdigest()


@pytest.mark.parametrize("name", ["🍵.jpg", "\udcff.jpg"])
@pytest.mark.parametrize("operation", ["v3/merchant/media/upload", "v2/secapi/mch/uploadmedia"])
async def test_a_name_that_cannot_be_sent(emulator: Emulator, operation: str, name: str) -> None:
    """A character that the platform doesn't take, and one that no UTF-8 has, are named before anything is sent."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    with pytest.raises(ConfigurationError, match="position 0"):
        await wxpay[operation].post(file=Attachment(content=b"1", name=name))
    assert not emulator.calls


@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
@pytest.mark.parametrize("operation", ["v3/merchant/media/upload", "v2/secapi/mch/uploadmedia"])
async def test_a_content_type_of_the_callers_own(emulator: Emulator, operation: str, name: str) -> None:
    """It would lack the boundary between the parts, so it is refused before anything is sent."""
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    file = Attachment(content=b"1", name="a.jpg")
    with pytest.raises(ConfigurationError, match="boundary") as caught:
        await wxpay[operation].post(file=file, headers={name: "multipart/form-data"})
    assert (caught.value.argument, caught.value.remedy) == ("headers['Content-Type']", "Leave it out")
    assert not emulator.calls
    await wxpay[operation].post(file=file, headers={"Accept-Language": "en"})
    assert emulator.calls[-1].file == b"1"


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read an upload to its end, keep nothing of it, and refuse it."""
    head = await reader.readuntil(b"\r\n\r\n")
    left = int(next(line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")))
    while left:
        left -= len(await reader.read(min(left, 65536)))
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def upload(emulator: Emulator, file: Path) -> None:
    """Upload a file to a server that swallows it."""
    async with server(swallow) as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        with pytest.raises(BadRequest):
            await wxpay["v3/new/upload"].post(file=file)


def sparse(folder: Path, size: int) -> Path:
    """A big file that takes no room."""
    path = folder / "big.bin"
    with path.open("wb") as file:
        file.truncate(size)
    return path


async def test_a_file_of_200_mb_costs_little_memory(emulator: Emulator, tmp_path: Path) -> None:
    """Hashing and sending 200 MB never holds more than 20 MB."""
    path = sparse(tmp_path, 200 * 10**6)
    tracemalloc.start()
    try:
        await upload(emulator, path)
        assert tracemalloc.get_traced_memory()[1] < 20 * 10**6
    finally:
        tracemalloc.stop()


async def test_no_folder_for_temporary_files(
    wxpay: WeChatPay, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks that can't be kept until their digest is known are refused with the remedy; bytes need no such folder."""
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(ConfigurationError, match="TMPDIR") as caught:
        await wxpay.v3.merchant.media.upload.post(file=Attachment(content=chunks(), name="a.jpg"))
    assert (caught.value.argument, caught.value.outcome) == ("file", "not_sent")
    assert not emulator.calls
    assert (await wxpay.v3.merchant.media.upload.post(file=Attachment(content=b"x", name="a.jpg"))).status == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full at once is Linux's")
@pytest.mark.parametrize("size", [1, 10_000_000])
async def test_no_room_for_temporary_files(wxpay: WeChatPay, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A disk that is full at the first chunk, or at the last byte, is named too."""
    monkeypatch.setattr("wechatpay_chain.files.uploads.TemporaryFile", lambda: Path("/dev/full").open("wb"))  # noqa: SIM115 - as TemporaryFile does
    with pytest.raises(ConfigurationError, match="No space left on device"):
        await wxpay.v3.merchant.media.upload.post(file=Attachment(content=chunks(b"x" * size), name="a.jpg"))


async def test_cancelled_while_the_temporary_file_is_made(
    wxpay: WeChatPay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A temporary file that a thread makes for a call that is cancelled by then is closed."""
    begun, goes_on = threading.Event(), threading.Event()
    made = list[IO[bytes]]()

    def make() -> IO[bytes]:
        begun.set()
        goes_on.wait(30)
        made.append((tmp_path / "temporary").open("w+b"))
        return made[0]

    monkeypatch.setattr("wechatpay_chain.files.uploads.TemporaryFile", make)
    upload = asyncio.ensure_future(wxpay.v3.merchant.media.upload.post(file=Attachment(content=chunks(), name="a.jpg")))
    await asyncio.to_thread(begun.wait, 30)
    upload.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert made[0].closed


@pytest.mark.parametrize("make", [BytesIO, tempfile.SpooledTemporaryFile])
async def test_an_open_file_is_to_be_read(wxpay: WeChatPay, make: Any) -> None:
    """A file that is open, as web frameworks hand uploads on, is answered with how its content is given."""
    with make() as opened, pytest.raises(ConfigurationError, match=r"file\.read\(\), and its name in meta="):
        await wxpay.v3.merchant.media.upload.post(file=opened)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
async def test_no_pipe_is_opened(wxpay: WeChatPay, tmp_path: Path) -> None:
    """A pipe or a device has no length to be sent before it, and opening a pipe may never end: refused unopened."""
    pipe = tmp_path / "licence.jpg"
    os.mkfifo(pipe)
    kept_open = os.open(pipe, os.O_RDWR)  # so that a test that fails doesn't hang
    try:
        for path in (pipe, Path("/dev/null")):
            for file in (path, Attachment(content=path, name="licence.jpg")):
                with pytest.raises(ConfigurationError, match="is a device or a pipe"):
                    await wxpay.v3.merchant.media.upload.post(file=file)
    finally:
        os.close(kept_open)
