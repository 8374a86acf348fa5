"""The stub tree against the catalogue and against the chain as it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import wechatpay_chain
from wechatpay_chain import Request
from wechatpay_chain.catalogue import operations
from wechatpay_chain.catalogue.spelling import VERBS
from wechatpay_chain.client.chain import Chain
from wechatpay_chain.http.path import placeholders

STUB = Path(wechatpay_chain.__file__).with_name("_endpoints.pyi")
KNOWN = {(operation.method, operation.path) for operation in operations()}


@pytest.fixture(scope="module")
def classes() -> Mapping[str, ast.ClassDef]:
    """The classes of the stub by name."""
    module = ast.parse(STUB.read_text(encoding="utf-8"))
    return {statement.name: statement for statement in module.body if isinstance(statement, ast.ClassDef)}


def _walk(
    classes: Mapping[str, ast.ClassDef], name: str, chain: Chain[Request]
) -> Iterator[tuple[Request, ast.FunctionDef]]:
    """Call every verb of the stub through the chain, spelled as the stub spells it."""
    for statement in classes[name].body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=attribute), annotation=ast.Name(id=child)):
                yield from _walk(classes, child, getattr(chain, attribute))
            case ast.FunctionDef(name="__getitem__", args=arguments, returns=ast.Name(id=child)):
                literal = arguments.args[1].annotation
                assert isinstance(literal, ast.Subscript)
                assert isinstance(literal.slice, ast.Constant)
                yield from _walk(classes, child, chain[str(literal.slice.value)])
            case ast.FunctionDef(name=verb) if verb in VERBS:
                required = {
                    keyword.arg: "1"
                    for keyword, default in zip(statement.args.kwonlyargs, statement.args.kw_defaults, strict=True)
                    if default is None and keyword.arg not in {"json", "xml", "params", "meta", "file"}
                }
                yield getattr(chain, verb)(**required), statement


@pytest.mark.parametrize("root", ["Endpoints", "SyncEndpoints"])
def test_every_operation_is_in_the_tree_and_reachable(classes: Mapping[str, ast.ClassDef], root: str):
    """Catalogue and tree hold the same 1,223 operations, and the chain reaches each as the tree spells it."""
    called = [
        (request.method, request.template) for request, _ in _walk(classes, root, Chain(lambda request: request, ""))
    ]
    assert len(called) == 1223
    assert set(called) == KNOWN


def test_verbs_tell_what_they_are(classes: Mapping[str, ast.ClassDef]):
    """The docstring of each verb starts with the official name, and each placeholder is a required keyword."""
    names = {(operation.method, operation.path): operation.name for operation in operations()}
    for request, verb in _walk(classes, "Endpoints", Chain(lambda request: request, "")):
        docstring = ast.get_docstring(verb) or ""
        assert docstring.splitlines()[0] == names[request.method, request.template].strip()
        keywords = [keyword.arg for keyword in verb.args.kwonlyargs]
        assert tuple(keywords[: len(placeholders(request.template))]) == placeholders(request.template)
