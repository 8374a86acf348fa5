"""What a newer collection changes, told line by line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tools import import_catalogue
from tools.catalogue_changes import changes

NUMBER = {"type": "string", "req": True, "max": 32}


def operation(path: str, *, name: str = "下单", fields: Any = None, **further: Any) -> dict[str, Any]:
    """An operation as the catalogue keeps it."""
    params = {"json": {"out_trade_no": NUMBER} if fields is None else fields}
    resp = {"kind": "json", "fields": {}}
    return {"gen": "v3", "method": "POST", "path": path, "name": name, "params": params, "resp": resp, **further}


def test_new_gone_and_the_same() -> None:
    """An operation that came and one that went are a line each; one that stayed is none."""
    old = [operation("/v3/a"), operation("/v3/b")]
    new = [operation("/v3/b"), operation("/v3/c", name="新")]
    assert list(changes(old, new)) == ["new      POST /v3/c 新", "gone     POST /v3/a 下单"]
    assert list(changes(old, old)) == []


def test_fields_secrets_and_limits() -> None:
    """Of what changed, each field, each mark of a secret, and each limit is named, at any depth."""
    deep = {"type": "object[]", "fields": {"name": {"type": "string", "enc": "rsa:wechatpay"}}}
    plain = {"type": "object[]", "fields": {"name": {"type": "string"}, "gone": {"type": "integer"}}}
    old = [operation("/v3/a", fields={"users": plain, "out_trade_no": NUMBER})]
    new = [
        operation(
            "/v3/a",
            fields={"users": deep, "out_trade_no": {**NUMBER, "max": 64}, "fresh": {"type": "string"}},
            rate=[{"n": 5, "per": "s"}],
        )
    ]
    assert list(changes(old, new)) == [
        "changed  POST /v3/a 下单",
        "         + json.fresh: string",
        "         ~ json.out_trade_no: string, required, max 32 -> string, required, max 64",
        "         - json.users.gone: integer",
        "         ~ json.users.name: string -> string, secret",
        "         + rate: [{'n': 5, 'per': 's'}]",
    ]


def test_notifications() -> None:
    """Notifications are told by their names, with the fields of their resources."""
    old = [{"gen": "v3", "id": "A.B", "title": "通知", "resource": {"x": {"type": "string"}}}]
    new = [{"gen": "v3", "id": "A.B", "title": "通知", "resource": {"x": {"type": "integer"}}}]
    assert list(changes(old, new)) == ["changed  v3 A.B 通知", "         ~ resource.x: string -> integer"]


def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command prints what is new; only without `--dry-run` it is written, and then nothing is new any more."""
    source, data = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    data.mkdir()
    for name in ("operations.jsonl", "events.jsonl"):
        (data / name).write_text("")
    (source / "operations.json").write_text(
        '[{"gen": "v3", "method": "GET", "path": "/v3/a", "name": "n", "resp": {"kind": "json"}}]'
    )
    (source / "brand_operations.json").write_text("[]")
    (source / "events.json").write_text("[]")
    (source / "answers.json").write_text('{"v2_unsigned": [], "v3_unsigned": [], "v3_signed_over_sha1_header": []}')
    (tmp_path / "overlay.json").write_text("{}")
    monkeypatch.setattr(import_catalogue, "DATA", data)
    monkeypatch.setattr(import_catalogue, "OVERLAY", tmp_path / "overlay.json")
    printed: list[str] = []
    for arguments in (["--dry-run"], [], []):
        monkeypatch.setattr(sys, "argv", ["import_catalogue.py", str(source), *arguments])
        import_catalogue.main()
        printed.append(capsys.readouterr().out)
    assert printed == ["new      GET /v3/a n\n"] * 2 + [""]
