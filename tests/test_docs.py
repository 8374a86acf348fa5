"""What the documents show runs, against the emulator; their links lead somewhere, and both READMEs say the same."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Call, Emulator, KeyPair
from wechatpay_chain.types import v3

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
# Their programs need merchants, payers and bills of one's own.
COMPILED = {"apiv2.md", "files.md", "payments.md"}

ORDER: v3.PayTransactionsNativePostJson = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "A pot of tea",
    "out_trade_no": "20260101-1",
    "notify_url": "https://shop.example/wechatpay/notify",
    "amount": {"total": 2900},
}


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of a merchant, where the program runs."""
    (tmp_path / "apiclient_key.pem").write_text(KeyPair.merchant().private_pem)
    (tmp_path / "pub_key.pem").write_text(KeyPair.wechatpay().public_pem)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", range(len(blocks_of(READMES[0]))))
async def test_each_block_of_the_readme_runs_alone(number: int, emulator: Emulator, folder: Path) -> None:
    """A block needs a client called `wxpay`, an order that was made and the merchant's files, and no other block."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        await wxpay.v3.pay.transactions.native.post(json=ORDER)
        await execute(blocks_of(READMES[0])[number], {"wxpay": wxpay})


@pytest.mark.parametrize("document", GUIDES, ids=lambda path: path.name)
async def test_guide(document: Path, emulator: Emulator) -> None:
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
    english, chinese = READMES
    assert blocks_of(english) == blocks_of(chinese) != []
    for shape in (r"^#+", r"^\|", r"\]\((?:docs|examples|LICENSE)[^)]*\)"):
        one, other = (re.findall(shape, path.read_text(encoding="utf-8"), re.MULTILINE) for path in READMES)
        assert one == other


@pytest.mark.parametrize("document", [*READMES, *GUIDES], ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link from one document to another file of the project has its target."""
    for target in re.findall(r"\]\(([^):]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target.partition("#")[0]).exists(), target
