"""What the documents show runs, against the emulator; their links lead somewhere, and both languages say the same."""

from __future__ import annotations

import ast
import asyncio
import inspect
import itertools
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from wechatpay_chain import WeChatPay, catalogue
from wechatpay_chain.cli.program import COMMANDS, PROGRAM, parser_of
from wechatpay_chain.emulator import Call, Emulator, KeyPair
from wechatpay_chain.types import v3

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = sorted(DOCS.rglob("*.md"))
# Chinese documents beside English ones of the same name.
BESIDE = [ROOT / "CONTRIBUTING.zh-CN.md", ROOT / "SECURITY.zh-CN.md"]
OTHERS = [ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "benchmarks/README.md"]
DOCUMENTS = [*READMES, *PAGES, *BESIDE, *OTHERS]
TABLE = re.compile(r"^\|", re.MULTILINE)
# The file that a link leads to, from wherever the page is; nothing for a part of the page itself.
LINK = re.compile(r"\]\((?:\.\./)*([^)#]*)[^)]*\)")
LINKED = re.compile(r"\]\(((?:docs|examples|tools|LICENSE|SECURITY|CONTRIBUTING)[^)]*)\)")
# Folders whose pages have to be there in both languages; elsewhere a Chinese page needs its English one.
BILINGUAL = {"tutorial", "guides", "migrating"}
# The table of measured figures, made by `make bench`.
MEASURED = DOCS / "performance.md"

ORDER: v3.PayTransactionsNativePostJson = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "description": "A pot of tea",
    "out_trade_no": "20260101-1",
    "notify_url": "https://shop.example/wechatpay/notify",
    "amount": {"total": 2900},
}

BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(rf"^ *(?:[$>] )?(?:[A-Z_]+=\S+ )*{PROGRAM} (?P<words>.+)$")
MEASURE = re.compile(r"\d[\d,.]* (?:ms|µs|MB|calls? a second|a second)\b|\d[\d,.]* ?(?:毫秒|微秒|次/秒|次每秒)")


class Block(NamedTuple):
    """A block of a document.

    Attributes:
        language: as the fence says.
        text: without the fence.
        reason: why it is not run; None where it is.
    """

    language: str
    text: str
    reason: str | None


def name_of(document: Path) -> str:
    """A document's name below the project's folder."""
    return document.relative_to(ROOT).as_posix()


def blocks_of(document: Path, language: str | None = None) -> list[Block]:
    """The blocks of a document, all of them or those of a language."""
    found = BLOCK.finditer(document.read_text(encoding="utf-8"))
    blocks = [Block(match["language"], dedent(match["text"]), match["reason"]) for match in found]
    return [block for block in blocks if language in {None, block.language}]


def prose_of(document: Path) -> str:
    """A document without its blocks."""
    return FENCED.sub("", document.read_text(encoding="utf-8"))


def twin_of(page: Path) -> Path:
    """The same page in English, or an English page itself."""
    if page in BESIDE:
        return page.with_name(page.name.replace(".zh-CN", ""))
    return DOCS / page.relative_to(DOCS / "zh") if page.is_relative_to(DOCS / "zh") else page


def links_of(document: Path) -> list[str]:
    """What a document beside the code links to, by the English names, without its own twin."""
    found = LINKED.findall(document.read_text(encoding="utf-8"))
    names = [link.replace("docs/zh/", "docs/").replace(".zh-CN", "") for link in found]
    return [name for name in names if name != name_of(twin_of(document))]


def targets_of(page: Path) -> list[str]:
    """The files that a page links to, by their English names."""
    prose = prose_of(page).replace("docs/zh/", "docs/").replace(".zh-CN", "")
    return [target for target in LINK.findall(prose) if target]


async def execute(block: Block, names: dict[str, Any]) -> None:
    """Run a block as the asyncio REPL would; one that awaits nothing in a thread, where it may block."""
    code = compile(block.text, "<document>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if block.reason is not None:
        return
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


@pytest.mark.parametrize("number", range(len(blocks_of(READMES[0], "python"))))
async def test_each_block_of_the_readme_runs_alone(number: int, emulator: Emulator, folder: Path) -> None:
    """A block needs a client called `wxpay`, an order that was made and the merchant's files, and no other block."""
    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        await wxpay.v3.pay.transactions.native.post(json=ORDER)
        await execute(blocks_of(READMES[0], "python")[number], {"wxpay": wxpay})


def is_a_copy(page: Path) -> bool:
    """Whether a Chinese page has the very programs of the English one, which are run there."""
    twin = twin_of(page)
    return twin != page and twin.exists() and blocks_of(page, "python") == blocks_of(twin, "python")


@pytest.mark.parametrize("page", [page for page in PAGES if not is_a_copy(page)], ids=name_of)
async def test_page(page: Path, emulator: Emulator, folder: Path) -> None:
    """The programs of a page run one after the other; one that doesn't has its reason above it, and compiles."""

    @emulator.on("POST", "/v3/some/new-operation")
    def answer(call: Call) -> None:
        assert len(call.json["name"]) == 344

    async with WeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        names = {"wxpay": wxpay, "emulator": emulator, "WeChatPay": WeChatPay}
        for block in blocks_of(page, "python"):
            await execute(block, names)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_can_be_pasted(page: Path) -> None:
    """The REPL before Python 3.13 takes the blocks that run: an indented part is followed by an empty line."""
    for block in blocks_of(page, "python"):
        if block.reason is None:
            lines = block.text.splitlines()
            body = compile(block.text, "<document>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST).body
            for statement, following in itertools.pairwise(body):
                if hasattr(statement, "body"):
                    assert lines[statement.end_lineno] == "", lines[following.lineno - 1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_other_blocks_are_well_formed(document: Path) -> None:
    """JSON and TOML can be read, and a shell understands its blocks."""
    for block in blocks_of(document):
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language in {"bash", "sh", "shell"}:
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True, timeout=30)


def commands_in(document: Path) -> Iterator[list[str]]:
    """The words of each command of the command line that stands on a line of its own, in a block."""
    indented = "\n".join(line for line in prose_of(document).splitlines() if line.startswith("    "))
    fenced = "\n".join(block.text for block in blocks_of(document) if block.language != "python")
    for line in f"{indented}\n{fenced}".replace("\\\n", " ").splitlines():
        if found := COMMAND.match(line):
            words = re.split(r" (?:[|>&;]|2>)", found["words"])[0]
            yield shlex.split(words, comments=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_blocks_stand_where_both_renderers_see_them(document: Path) -> None:
    """What stands below an item is indented by 4 or 8: 7 is a block in most renderers, and a sentence on the site."""
    assert re.findall(r"\n\n(?: {3}| {5,7})\S.*", prose_of(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_are_taken(document: Path) -> None:
    """Every command that is shown exists, and takes the arguments that are shown."""
    for command, *words in commands_in(document):
        if command in {"--version", "--help", "COMMAND"}:
            continue
        assert command in COMMANDS, f"{PROGRAM} {command}"
        parser = parser_of(command, words)
        parse = parser.parse_intermixed_args if parser.get_default("intermixed") else parser.parse_args
        parse(words)  # its SystemExit names the argument that it doesn't take


def test_readmes_are_equal() -> None:
    """Both READMEs have the same programs, headings of the same level, and tables of the same size."""
    english, chinese = READMES
    assert blocks_of(english, "python") == blocks_of(chinese, "python") != []
    assert links_of(chinese) == links_of(english) != []
    for shape in (HEADING, TABLE):
        one, other = (shape.findall(path.read_text(encoding="utf-8")) for path in READMES)
        assert one == other


@pytest.mark.parametrize("chinese", BESIDE, ids=name_of)
def test_documents_beside_the_code_are_equal(chinese: Path) -> None:
    """Both languages have the same links, the same tables and the same indented commands, and lead to each other."""
    english = twin_of(chinese)
    assert links_of(chinese) == links_of(english)
    for shape in (TABLE, re.compile(r"^    .+$", re.MULTILINE), re.compile(r"^(?:- |\d\. )", re.MULTILINE)):
        one, other = (shape.findall(path.read_text(encoding="utf-8")) for path in (english, chinese))
        assert one == other
    assert f"[English]({english.name})" in chinese.read_text(encoding="utf-8")
    assert f"[简体中文]({chinese.name})" in english.read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES, ids=name_of)
def test_readmes_list_the_extras(readme: Path) -> None:
    """Each extra that can be installed has its row, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    section = re.search(
        r"^## (?:Extras|可选依赖)\n(.*?)^## ", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section
    assert re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE) == sorted(project["optional-dependencies"])


@pytest.mark.parametrize("page", [page for page in [*PAGES, *BESIDE] if twin_of(page) != page], ids=name_of)
def test_both_languages_have_the_same_shape(page: Path) -> None:
    """A Chinese page has its English one, with equal headings, rows of tables, links and languages of blocks."""
    twin = twin_of(page)
    assert twin.exists(), f"{name_of(twin)} is missing"
    assert HEADING.findall(prose_of(page)) == HEADING.findall(prose_of(twin))
    assert len(TABLE.findall(prose_of(page))) == len(TABLE.findall(prose_of(twin)))
    assert targets_of(page) == targets_of(twin)
    assert [block.language for block in blocks_of(page)] == [block.language for block in blocks_of(twin)]


def test_pages_for_users_are_there_in_both_languages() -> None:
    """The tutorial, the guides and what moves others over are there in Chinese, too."""
    english = [page for page in PAGES if page.relative_to(DOCS).parts[0] in BILINGUAL]
    lacking = [name_of(page) for page in english if not (DOCS / "zh" / page.relative_to(DOCS)).exists()]
    assert lacking == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link from one document to another file of the project has its target."""
    for target in re.findall(r"\]\(([^):]+)\)", prose_of(document)):
        path = target.partition("#")[0]
        assert not path or (document.parent / path).exists(), target


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=name_of)
def test_figures_were_measured(document: Path) -> None:
    """A measured figure is one of the benchmarks' table, and a number of operations is the catalogue's."""
    measured = MEASURED.read_text(encoding="utf-8")
    prose = prose_of(document)
    if document != MEASURED:
        figures = [re.match(r"[\d,.]+", found) for found in MEASURE.findall(prose)]
        unknown = [figure[0] for figure in figures if figure and figure[0] not in measured]
        assert unknown == [], "these aren't in docs/performance.md"
    for count in re.findall(r"(\d,\d{3}) (?:operations|个接口)", prose):
        assert int(count.replace(",", "")) == len(list(catalogue.operations()))
