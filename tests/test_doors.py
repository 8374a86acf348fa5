"""Every door of the package by every failure of its surroundings: only errors of ours come out, with a remedy."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path

import pytest

from tests import doors
from tests.doors import DOORS, FAILURES, READING, WRITING, Door, Place
from wechatpay_chain import Attachment, ConfigurationError, WeChatPay

ROOT = Path(__file__).parent.parent


def named(*given: Door) -> frozenset[str]:
    """The names of doors."""
    return frozenset(door.__name__ for door in given)


IN_A_JOURNAL = (doors.journal, doors.results, doors.batch_from_a_file)
BLOCKING = (doors.blocking_call, doors.blocking_download)
IS_3_12 = sys.version_info[:2] == (3, 12)
# What can't work then; all other doors must.
FAILS = {
    "nothing": named(),
    "no temporary folder": named(doors.upload_of_chunks),
    "full disk": named(doors.download, doors.blocking_download, doors.upload_of_chunks, *IN_A_JOURNAL),
    "no room at all": named(*WRITING, doors.upload_of_chunks, *IN_A_JOURNAL),
    "no permission": named(*READING, *WRITING),
    "read only root": named(*WRITING, doors.upload_of_chunks, *IN_A_JOURNAL),
    "no descriptors": named(*READING, *WRITING, doors.upload_of_chunks, doors.blocking_call),
    "far future": named(),
    # On 3.12 no thread starts by then.
    "shutting down": named(*IN_A_JOURNAL, *(BLOCKING if IS_3_12 else ())),
}


@pytest.fixture(scope="module")
def found_of_all() -> dict[str, dict[str, tuple[str, str]]]:
    """What came out of each door in each failure."""
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)  # so that another user reaches it, which pytest's own folders keep off
        done = subprocess.run(
            [sys.executable, "-m", "tests.doors", root],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.stdout, done.stderr
    return {name: found for line in done.stdout.splitlines() for name, found in json.loads(line).items()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits, permissions and users of POSIX")
@pytest.mark.parametrize("failure", FAILURES)
def test_every_door(found_of_all: dict[str, dict[str, tuple[str, str]]], failure: str) -> None:
    """Doors that need what fails end in our errors, which were not sent; all others go on."""
    found = {name: tuple(told) for name, told in found_of_all[failure].items()}
    assert found.keys() == named(*DOORS)
    kind, text = found.pop("call_over_the_network")
    assert (kind, "no connection to localhost" in text) == ("ConnectionFailed", True), text
    assert {name for name, (kind, _) in found.items() if kind} == FAILS[failure], found
    assert {kind for kind, _ in found.values() if kind} <= {"ConfigurationError"}, found


NAMES = {
    "missing": "missing/file",
    "folder": "folder",
    "below a file": "file/x",
    "NUL": "a\0b",
    "too long": "x" * 300,
    "surrogate": "a\ud800b",
    "loop": "loop",
}


@pytest.mark.parametrize("door", [*READING, *WRITING], ids=lambda door: door.__name__)
@pytest.mark.parametrize("name", NAMES)
async def test_every_name(tmp_path: Path, door: Door, name: str) -> None:
    """A path that can't be read or written is told as a mistake of the argument, and nothing is left behind."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    if name == "loop" and door in (doors.download, doors.blocking_download, doors.bill, doors.results):
        pytest.skip("the link itself is replaced by the file")
    before = _files(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        await door(Place(tmp_path, tmp_path / NAMES[name]))
    assert caught.value.outcome == "not_sent"
    assert _files(tmp_path) == before


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "journals" not in path.parts}


def test_another_event_loop(tmp_path: Path) -> None:
    """A client that is used in a second event loop says so at each of its doors; what has no loop works in any."""
    wxpay = doors.client(transport=doors._file)
    picture = Attachment(content=b"x", name="image.png")
    attempts = {
        "call": lambda: wxpay.chain(doors.ECHO).post(json={}),
        "upload": lambda: wxpay.chain(doors.IMAGE).post(file=picture),
        "download": lambda: wxpay.download(doors.LINK, tmp_path / "file"),
        "stream": lambda: _all(wxpay),
    }
    asyncio.run(wxpay.download(doors.LINK, tmp_path / "first"))
    for attempt in attempts.values():
        with pytest.raises(ConfigurationError, match="another event loop") as caught:
            asyncio.run(_run(attempt()))
        assert caught.value.outcome == "not_sent"
    for door in (doors.webhook, doors.journal, doors.table, doors.blocking_call):
        asyncio.run(_run(door(Place(tmp_path))))
    asyncio.run(wxpay.aclose())


async def _all(wxpay: WeChatPay) -> list[bytes]:
    return [piece async for piece in wxpay.stream(doors.LINK)]


async def _run(work: Awaitable[object]) -> object:
    return await work
