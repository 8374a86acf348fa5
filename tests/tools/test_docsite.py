"""The parts of the documentation's site that are made: pages of operations, links, and the texts for models."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.docsite import api_pages, hooks, llms, operation_pages, searching, sources
from wechatpay_chain import catalogue

PAGES = dict(operation_pages.pages())


def test_every_operation_has_a_page_that_shows_its_six_spellings() -> None:
    """Each page has six calls that compile, and links to the official pages that the catalogue knows."""
    for operation in catalogue.operations():
        page = PAGES[operation_pages.page_of(operation)]
        assert page.count("\n# ") == 1
        (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        compile(block, operation.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        assert len(re.findall(r"^answer = ", block, re.MULTILINE)) == 6
        assert all(official in page for official in catalogue.pages(operation))


def test_no_two_operations_share_a_page() -> None:
    """Pages have names that differ on systems which don't tell capitals apart, too."""
    names = [operation_pages.page_of(operation).lower() for operation in catalogue.operations()]
    assert len(set(names)) == len(names)


def test_lists_lead_to_every_operation() -> None:
    """Every page of an operation is linked from the list of its root."""
    for root in operation_pages.ROOTS:
        links = re.findall(r"\]\(([^)]+)\)", PAGES[f"operations/{root}/index.md"])
        shown = {f"operations/{root}/{link}" for link in links}
        assert shown == {page for page in PAGES if page.startswith(f"operations/{root}/") and "index.md" not in page}


def test_what_a_page_says_of_a_field() -> None:
    """A secret, a required and a conditional field are marked."""
    page = PAGES["operations/v3/aggracct-bc/wb-channel/control-orders/recover/post.md"]
    assert re.search(r"^\| `bal_account_no` \| string \| .*secret, encrypted", page, re.MULTILINE)
    assert re.search(r"^\| `out_request_no` \| string \| required", page, re.MULTILINE)
    assert any("required unless" in text for text in PAGES.values())
    assert any("required when" in text for text in PAGES.values())


def test_links_of_the_repository_become_links_of_the_site() -> None:
    """Files are found from where they stand, whatever page they are; code and foreign addresses stay."""
    text = "[keys](docs/keys.md#serial) [site](https://e.example/a) [up](#here)\n```\n[x](docs/keys.md)\n```\n"
    assert sources.relink(text, "index.md") == text.replace("(docs/keys.md#", "(keys.md#")
    assert sources.relink("[README](../README.md)", "keys.md") == "[README](index.md)"
    assert sources.relink("[README](../../README.zh-CN.md)", "zh/keys.md") == "[README](index.md)"
    assert sources.relink("[English](SECURITY.md) [keys](docs/zh/keys.md)", "zh/security.md") == (
        "[English](../security.md) [keys](keys.md)"
    )
    assert sources.relink("[all](../examples) [one](../examples/sync_chain.py)", "batch.md") == (
        "[all](examples/index.md) [one](examples/sync_chain.md)"
    )


def test_chinese_paragraphs_have_no_blank_where_a_line_ended() -> None:
    """Lines are joined between Chinese characters and beside their marks; headings, blocks and other words stay."""
    text = (
        "# 标题\n正文第一行，\n`code` 第二行\n第三行（\na.py\n）。\n\n- 列表\n  接着\n- 又一项\nand\nwords\n"
        "```\n代码\n代码\n```\n    块，\n    块\n"
    )
    assert sources.rejoin(text) == (
        "# 标题\n正文第一行，`code` 第二行第三行（a.py）。\n\n- 列表接着\n- 又一项\nand\nwords\n"
        "```\n代码\n代码\n```\n    块，\n    块\n"
    )


def test_public_modules_have_a_page() -> None:
    """Each page of the API names a module that is there."""
    pages = dict(api_pages.pages())
    assert "::: wechatpay_chain.notifications" in pages["api/wechatpay_chain.notifications.md"]
    assert all(f"({module}.md)" in pages["api/index.md"] for module, _ in api_pages.MODULES)
    options = re.findall(
        r"^::: wechatpay_chain\.client\.options\.(\w+)", pages["api/wechatpay_chain.client.options.md"], re.MULTILINE
    )
    assert options == ["Options"]


def test_a_page_of_the_api_without_methods_is_noticed(tmp_path: Path) -> None:
    """A site whose API page shows classes alone, as a wrong filter made it, doesn't count as built."""
    shown = {
        "wechatpay_chain": '<h2 id="wechatpay_chain.WeChatPay"></h2><h3 id="wechatpay_chain.Webhook.dispatch"></h3>',
        "wechatpay_chain.emulator": '<h3 id="wechatpay_chain.emulator.Emulator.listen"></h3>',
    }
    for module, text in shown.items():
        page = tmp_path / f"api/{module}/index.html"
        page.parent.mkdir(parents=True)
        page.write_text(text)
    missing = ["WeChatPay.download", "SyncWeChatPay.from_env", "Emulator.pay", "Emulator.notification"]
    assert api_pages.missing_methods(tmp_path) == missing


def test_the_navigation_has_a_page_for_each_public_module() -> None:
    """A reader of one page of the API sees the others beside it."""
    config = SimpleNamespace(nav=[{"English": ["index.md"]}, {"Python API": ["api/index.md"]}])
    listed = hooks.on_config(config).nav[1]["Python API"]
    assert listed == ["api/index.md", *(f"api/{module}.md" for module, _ in api_pages.MODULES)]


def test_texts_for_models() -> None:
    """The list names pages under their sections, the whole text has each below its address."""
    pages = [
        llms.Text(section="English", title="Keys", url="keys.md", markdown="# Keys\n\nA key."),
        llms.Text(section="中文", title="密钥", url="zh/keys.md", markdown="# 密钥\n"),
    ]
    assert llms.index("name", "About.", pages) == (
        "# name\n\n> About.\n\n## English\n\n- [Keys](keys.md)\n\n## 中文\n\n- [密钥](zh/keys.md)\n"
    )
    assert llms.full(pages) == "<!-- keys.md -->\n\n# Keys\n\nA key.\n\n<!-- zh/keys.md -->\n\n# 密钥\n"


def test_operations_are_found_by_what_people_call_them() -> None:
    """A page says the field's word where the official name has other ones, and the product that it belongs to."""
    page = PAGES["operations/v3/aggracct-bc/wb-channel/control-orders/recover/post.md"]
    assert re.search("^- Also called 又称: 解管$", page, re.MULTILINE)
    assert "对账" in PAGES["operations/v3/bill/tradebill/get.md"]
    assert re.search("^- Product 产品: 分账$", PAGES["operations/v3/profitsharing/orders/post.md"], re.MULTILINE)
    assert operation_pages.also_called("商户单号查询转账单") == []


def test_what_the_search_weighs() -> None:
    """Sayings weigh as much as a title does, and overseas operations less than the mainland's."""
    mainland, overseas = PAGES["operations/v3/bill/tradebill/get.md"], PAGES["operations/hk/v3/statements/get.md"]
    assert "\ntags: [对账, 账单]\n---\n" in mainland
    assert "\nsearch: {boost: 0.5}\n---\n" in overseas


def test_a_query_of_one_word_is_looked_up_whole() -> None:
    """The loop that cuts queries reaches their end; a script without it, or with two, is not taken for mended."""
    script = "for(let o=s+1;o<t.length;o++)t.slice(s,o)in e&&(n[s]=o-s);"
    mended = searching.looking_up_whole_queries(script)
    assert mended == "for(let o=s+1;o<=t.length;o++)t.slice(s,o)in e&&(n[s]=o-s);"
    for other in (mended, script * 2):
        with pytest.raises(ValueError, match="look at it again"):
            searching.looking_up_whole_queries(other)


def test_words_that_no_search_would_find() -> None:
    """Only a word that stands between marks is a token; one inside of another is not found."""
    docs = [{"title": "解除\u200b管控", "text": "<p>对账单\u200b：\u200b验签</p>"}]
    assert searching.not_found(json.dumps({"docs": docs}), ["验签", "对账", "管控", "解管"]) == ["对账", "解管"]
    assert {"解管", "验签", "回调", "对账", "分账"} <= set(searching.words())
