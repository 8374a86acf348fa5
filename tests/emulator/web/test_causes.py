"""The page's Chinese words for why a call was refused."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import resources
from types import ModuleType

import pytest

from wechatpay_chain.diagnosis import refusal, request
from wechatpay_chain.emulator.web import evidence

KIND = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
ROW = re.compile(r'^  "([a-z0-9-]+)": \["([^"]+)", "([^"]+)"\],$', re.MULTILINE)


def kinds(module: ModuleType) -> set[str]:
    """The names of all causes that a module gives."""
    named: list[ast.expr] = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Cause", "_known"}:
            named += node.args[:2]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            named += node.value.elts[:1]
    return {str(node.value) for node in named if isinstance(node, ast.Constant) and KIND.fullmatch(str(node.value))}


def in_chinese() -> dict[str, tuple[str, str]]:
    """What the page says of each kind."""
    written = resources.files(evidence.__package__ or "").joinpath("static", "causes.js").read_text("utf-8")
    rows = ROW.findall(written)
    assert len(rows) == written.count("\n  ")
    return {name: (text, remedy) for name, text, remedy in rows}


@pytest.mark.parametrize(("module", "least"), [(refusal, 11), (request, 4), (evidence, 3)])
def test_every_kind_has_both_languages(module: ModuleType, least: int) -> None:
    """Each cause that the page can show in English has a Chinese text and a Chinese remedy."""
    found = kinds(module)
    assert len(found) >= least
    for name in found:
        assert all(re.search("[\u4e00-\u9fff]", words) for words in in_chinese()[name]), name


def test_no_kind_is_left_over() -> None:
    """The page has no words for causes that nobody gives."""
    assert set(in_chinese()) == kinds(refusal) | kinds(request) | kinds(evidence)
