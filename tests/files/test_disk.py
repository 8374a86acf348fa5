"""Files that are written while they come, at every door and in every kind of trouble."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import stat
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import (
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    Request,
    Response,
    TransportError,
    WeChatPay,
)
from wechatpay_chain.batch import Batch, Item
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.errors import type_of
from wechatpay_chain.files.content import unpacked
from wechatpay_chain.files.disk import open_new, opened_in_thread, tidied
from wechatpay_chain.http import reading

LINK = "https://pay.wechatpay.cn/invoice.pdf"
Door = Callable[[WeChatPay, Path, Path], Awaitable[object]]


async def download(wxpay: WeChatPay, folder: Path, to: Path) -> object:
    """A file."""
    return await wxpay.download(LINK, to)


async def results(wxpay: WeChatPay, folder: Path, to: Path) -> object:
    """The results of a batch."""

    class Platform:
        async def send(self, request: Request) -> Response[Any]:
            return Response(status=200, content=b"{}", request=request)

    async with Batch(Platform(), folder / "journal") as batch:
        await batch.run([Item(path="v3/new/write", json={"out_trade_no": "1"})])
        await batch.write_results(to)
    return to


DOORS: list[Door] = [download, results]


@pytest.fixture
def wxpay(emulator: Emulator) -> WeChatPay:
    """A client of a platform that gives out a file."""

    async def transport(request: Request) -> Response[Any]:
        return Response(status=200, content=b"a,b\n1,2\n", request=request)

    return WeChatPay(**emulator.credentials(), transport=transport)


def parts_in(folder: Path) -> list[Path]:
    """What was left behind."""
    return [*folder.glob("**/*.part"), *folder.glob("file")]


each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)


@each_door
@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "missing/file", "folder"])
async def test_a_name_that_cant_be_written(wxpay: WeChatPay, tmp_path: Path, door: Door, name: str) -> None:
    """It is told as our error that names the file, and nothing is left behind."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"to: .*(cannot be written|is a folder)"):
        await door(wxpay, tmp_path, tmp_path / name)
    assert not parts_in(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@each_door
async def test_a_pipe_is_not_replaced(wxpay: WeChatPay, tmp_path: Path, door: Door) -> None:
    """A pipe or a device, such as /dev/null, is refused: a file in its place would be in everybody's way."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is a device or a pipe"):
        await door(wxpay, tmp_path, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert not parts_in(tmp_path)


@each_door
@pytest.mark.parametrize("to", [BytesIO(), None, b"file", 1])
async def test_what_is_no_path(wxpay: WeChatPay, tmp_path: Path, door: Door, to: Any) -> None:
    """An open file or nothing in the path's place is told by its type, under the argument's name."""
    with pytest.raises(ConfigurationError, match=rf"^to: {type_of(to)} was found\. Give the path of the file"):
        await door(wxpay, tmp_path, to)
    assert not parts_in(tmp_path)


@each_door
async def test_a_full_disk(wxpay: WeChatPay, tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as our error, and nothing is left behind."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        await door(wxpay, tmp_path, tmp_path / "file")
    assert not parts_in(tmp_path)


@each_door
async def test_what_is_written_is_private(wxpay: WeChatPay, tmp_path: Path, door: Door) -> None:
    """Bills and results hold names and amounts: only their owner may read them."""
    await door(wxpay, tmp_path, tmp_path / "file")
    status = await asyncio.to_thread((tmp_path / "file").stat)
    assert stat.S_IMODE(status.st_mode) == 0o600


@pytest.mark.parametrize("raised", [ValueError("stop"), OSError("no display"), KeyError("x")])
async def test_a_progress_function_that_raises(wxpay: WeChatPay, tmp_path: Path, raised: Exception) -> None:
    """It ends the download with an error that names it, and not the file; nothing is left behind."""

    def progress(received: int, length: int | None) -> None:
        raise raised

    with pytest.raises(TransportError, match="the progress function failed") as caught:
        await wxpay.download(LINK, tmp_path / "file", progress=progress)
    assert caught.value.__cause__ is raised
    assert not parts_in(tmp_path)


async def test_cancelled_while_it_is_opened(tmp_path: Path) -> None:
    """A new file that a thread opens for a caller who is gone by then is closed and removed."""
    opening = asyncio.ensure_future(open_new(tmp_path / ".x.part"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the thread has it now
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not parts_in(tmp_path)


async def test_cancelled_twice_while_it_is_opened() -> None:
    """Who is cancelled again ends at once, and what a thread opens after that is closed there."""
    opens, closed = threading.Event(), threading.Event()

    def open_it() -> str:
        opens.wait(30)
        return "file"

    opening = asyncio.ensure_future(opened_in_thread(open_it, lambda opened: closed.set()))
    for _ in range(2):
        await asyncio.sleep(0.01)
        opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    opens.set()
    assert await asyncio.to_thread(closed.wait, 30)


def test_a_loop_that_ends_in_a_download(tmp_path: Path) -> None:
    """An event loop that ends cancels all tasks, those that open and remove files too: none is left behind."""

    async def open_and_tidy(part: Path) -> None:
        opened = await open_new(part)

        def tidy() -> None:
            opened.close()
            part.unlink(missing_ok=True)

        await tidied(tidy)

    async def end_after(turns: int, folder: Path) -> None:
        left = asyncio.create_task(open_and_tidy(folder / "x.part"))
        for _ in range(turns):
            await asyncio.sleep(0)
        assert turns > 2 or not left.done()

    for turns in range(12):
        asyncio.run(end_after(turns, tmp_path))
        assert not parts_in(tmp_path)


async def test_cancelled_while_it_tidies_up() -> None:
    """Who is cancelled meanwhile ends when everything is tidied up."""
    tidy = list[str]()
    begun, goes_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        goes_on.wait(30)
        tidy.append("done")

    tidying = asyncio.ensure_future(tidied(work))
    await asyncio.to_thread(begun.wait, 30)
    tidying.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await tidying
    assert tidy == ["done"]


async def test_a_lost_connection_is_not_the_files_fault(emulator: Emulator, tmp_path: Path) -> None:
    """A connection error while a file is written stays one, though it is an OSError too."""

    async def transport(request: Request) -> Response[Any]:
        raise ConnectionFailed("reset")

    async with WeChatPay(**emulator.credentials(), transport=transport) as wxpay:
        with pytest.raises(ConnectionFailed):
            await wxpay.download(LINK, tmp_path / "file")


async def test_a_bomb_doesnt_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content that grows beyond reason while it is unpacked is refused; much content that is packed well is not."""
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1_000_000)

    async def chunks(packed: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(packed), 1000):
            yield packed[start : start + 1000]

    with pytest.raises(DecodeError, match="grows more than"):
        async for _ in unpacked(chunks(gzip.compress(bytes(50_000_000)))):
            pass
    row = b"`2026-01-01 08:00:00,`wx1,`1900000109,`T%d,`1.00\r\n"
    bill = b"".join(row % n for n in range(50_000))
    assert b"".join([piece async for piece in unpacked(chunks(gzip.compress(bill)))]) == bill
