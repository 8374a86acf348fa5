"""The words of the page."""

from __future__ import annotations

import re
from importlib import resources

from wechatpay_chain.emulator import web
from wechatpay_chain.emulator.products import PRODUCTS

WORD = re.compile(r'^  "?([\w-]+)"?: \[\s*(["(].*)', re.MULTILINE)


def test_every_kind_of_record_has_a_name() -> None:
    """Records of each product are named in Chinese and in English."""
    written = resources.files(web).joinpath("static", "i18n.js").read_text("utf-8")
    words = dict(WORD.findall(written))
    for kind in (kind for product in PRODUCTS for kind in product.kinds):
        assert re.fullmatch(r""""[\u4e00-\u9fff]+", "[A-Za-z' ]+"\],""", words[f"kind-{kind.name}"])
