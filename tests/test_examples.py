"""The examples are programs, and what the documents show runs: all against the emulator."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Call, Emulator

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
# Their programs need merchants, payers and bills of one's own.
COMPILED = {"apiv2.md", "files.md", "payments.md"}

MAIN_JOB = ["recovered as 20", "'recover_state': 'SUCCESS'"]
OUTPUT = {
    "async_chain.py": MAIN_JOB,
    "async_string.py": MAIN_JOB,
    "async_items.py": MAIN_JOB,
    "sync_chain.py": MAIN_JOB,
    "sync_string.py": MAIN_JOB,
    "sync_items.py": MAIN_JOB,
    "fastapi_service.py": ["200 {'code_url': "],
    "aiohttp_service.py": ["200 {'order': 'A1', 'state': 'SUCCESS'}"],
    "batch_release.py": ["100 done, 0 waiting", '"key":"P0","state":"done"'],
}


def test_every_example_is_run() -> None:
    """No example is left out, but for those that need more than a program, which have tests of their own."""
    alone = {path.name for path in EXAMPLES.glob("*.py") if not path.name.startswith("notifications")}
    assert alone - {"batch_taskiq.py"} == OUTPUT.keys()


@pytest.mark.parametrize("name", OUTPUT)
def test_example(name: str) -> None:
    """The program exits with 0, without a warning, and prints what it is about."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for expected in OUTPUT[name]:
        assert expected in done.stdout


def blocks_of(document: Path) -> list[str]:
    """The Python blocks of a document."""
    return re.findall(r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


async def execute(block: str, names: dict[str, Any]) -> None:
    """Run a block as the asyncio REPL would; one that awaits nothing in a thread, where it may block."""
    code = compile(block, "<document>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, names)
    else:
        await asyncio.to_thread(exec, code, names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
async def test_document(document: Path, emulator: Emulator) -> None:
    """The blocks of a document run one after the other; those with keys, bills or payers of one's own compile."""

    @emulator.on("POST", "/v3/some/new-operation")
    def answer(call: Call) -> None:
        assert len(call.json["name"]) == 344

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        names = {"wxpay": wxpay, "emulator": emulator, "WeChatPay": WeChatPay}
        for block in blocks_of(document):
            if "Path(" in block or document.name in COMPILED:
                compile(block, document.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            else:
                await execute(block, names)


def test_readmes_are_equal() -> None:
    """Both READMEs have the same programs, headings of the same level, and tables of the same size."""
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert blocks_of(english) == blocks_of(chinese) != []
    for shape in (r"^#+", r"^\|", r"\]\((?:docs|examples|LICENSE)[^)]*\)"):
        one, other = (re.findall(shape, path.read_text(encoding="utf-8"), re.MULTILINE) for path in (english, chinese))
        assert one == other


def test_links_lead_somewhere() -> None:
    """Every link from one document to another file of the project has its target."""
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^):]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
