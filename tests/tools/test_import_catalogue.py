"""Merging what was collected into the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from tools.import_catalogue import merge


def _operation(gen: str, method: str, path: str) -> dict[str, Any]:
    return {"gen": gen, "method": method, "path": path, "name": "n", "body": "none", "resp": {"kind": "json"}}


OPERATIONS = [_operation("v3", "GET", "/v3/b"), _operation("v2", "POST", "/a"), _operation("v3", "GET", "/v3/a")]
NO_ANSWERS: dict[str, list[str]] = {"v2_unsigned": [], "v3_unsigned": [], "v3_signed_over_sha1_header": []}


def test_paths_are_the_chains():
    """APIv2 paths get the chain's /v2, the rest stay, all are sorted, and the source isn't changed."""
    assert [record["path"] for record in merge(OPERATIONS, NO_ANSWERS, {})] == ["/v2/a", "/v3/a", "/v3/b"]
    assert OPERATIONS[1]["path"] == "/a"


def test_answers_and_overlay():
    """What is known of an answer's signature joins the answer; the overlay joins the operation."""
    answers = {"v2_unsigned": ["/a"], "v3_unsigned": ["GET /v3/a"], "v3_signed_over_sha1_header": ["GET /v3/b"]}
    first, second, third = merge(OPERATIONS, answers, {"GET /v3/b": {"accepted_on_429": True}})
    assert first["resp"] == {"kind": "json", "unsigned": True}
    assert second["resp"] == {"kind": "json", "unsigned": True}
    assert third["resp"] == {"kind": "json", "signed_over": "sha1-header"}
    assert third["accepted_on_429"]


def test_overlay_is_a_merge_patch():
    """The overlay reaches into a record, and its null removes."""
    patched = merge(
        [{**OPERATIONS[0], "params": {"json": {"a": {"min": 128, "max": 1}}}}],
        NO_ANSWERS,
        {"GET /v3/b": {"params": {"json": {"a": {"min": None}}}, "resp": {"kind": "file"}}},
    )
    assert patched[0]["params"] == {"json": {"a": {"max": 1}}}
    assert patched[0]["resp"] == {"kind": "file"}
    assert OPERATIONS[0]["resp"] == {"kind": "json"}


@pytest.mark.parametrize(
    ("answers", "overlay"),
    [
        ({"v2_unsigned": ["/zebra"]}, {}),
        ({"v3_unsigned": ["GET /v3/zebra"]}, {}),
        ({"v3_signed_over_sha1_header": ["GET /v3/zebra"]}, {}),
        ({}, {"GET /v3/zebra": {}}),
    ],
)
def test_unknown_operations_are_refused(answers: dict[str, list[str]], overlay: dict[str, Any]):
    """An answer or an overlay of an operation that isn't there stops the import."""
    with pytest.raises(ValueError, match="zebra"):
        merge(OPERATIONS, NO_ANSWERS | answers, overlay)
