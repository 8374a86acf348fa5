"""Generated files are what their generators write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import derive_facts, generate_endpoints
from tools.endpoint_types import Side, TypedDicts, camel_path
from tools.generated import write_or_check

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("tool", ["derive_facts", "generate_endpoints", "generate_events"])
def test_committed_files_are_current(tool: str):
    """`--check` finds nothing stale in what is committed."""
    subprocess.run([sys.executable, f"tools/{tool}.py", "--check"], cwd=ROOT, check=True)


def test_stale_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A change of the catalogue that the facts don't have is found, and mended by writing them."""
    shutil.copy(derive_facts.DATA / "operations.jsonl", tmp_path)
    monkeypatch.setattr(derive_facts, "DATA", tmp_path)
    monkeypatch.setattr(sys, "argv", ["derive_facts.py", "--check"])
    assert write_or_check(None, derive_facts.generate) == 1
    assert "is stale" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["derive_facts.py"])
    assert write_or_check(None, derive_facts.generate) == 0
    monkeypatch.setattr(sys, "argv", ["derive_facts.py", "--check"])
    assert write_or_check(None, derive_facts.generate) == 0


def test_stale_stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A stub that isn't there is found, and mended by writing it."""
    (tmp_path / "types").mkdir()
    monkeypatch.setattr(generate_endpoints, "PACKAGE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate_endpoints.py", "--check"])
    assert write_or_check(None, generate_endpoints.generate) == 1
    assert "_endpoints.pyi is stale" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["generate_endpoints.py"])
    assert write_or_check(None, generate_endpoints.generate) == 0
    assert {path.name for path in tmp_path.rglob("*.pyi")} == {
        "_endpoints.pyi",
        "v2.pyi",
        "v3.pyi",
        "hk.pyi",
        "global_.pyi",
        "brand.pyi",
    }


def test_typed_dict():
    """Required and optional keys, nesting, arrays, enumerations and secrets, as a request takes them."""
    types = TypedDicts()
    fields: dict[str, Any] = {
        "from": {"type": "object[]", "req": True, "fields": {"name": {"type": "string", "req": True, "enc": "rsa"}}},
        "state": {"type": "string", "enum": ["A", "B"]},
        "tags": {"type": "string[]", "req": True},
        "at": {"type": "string", "format": "rfc3339"},
        "coupon_id_$n": {"type": "string"},
    }
    types.define("Order", fields, Side(request=True))
    text = types.render()
    assert '"from": Sequence[OrderFrom],' in text
    assert '"state": NotRequired[Literal["A", "B"]],' in text
    assert '"tags": list[str] | tuple[str, ...],' in text
    assert '"at": NotRequired[str | datetime],' in text
    assert "class OrderFrom(TypedDict):\n    name: Secret | str\n" in text
    assert "coupon_id" not in text


def test_answers_are_plain():
    """An answer's secrets are decrypted text, its arrays are lists, and XML is all text."""
    types = TypedDicts()
    fields: dict[str, Any] = {
        "n": {"type": "integer[]", "req": True},
        "s": {"type": "string", "enc": "rsa", "req": True},
    }
    types.define("Json", fields, Side(request=False))
    types.define("Xml", fields, Side(request=False, text=True))
    assert "class Json(TypedDict):\n    n: list[int]\n    s: str\n" in types.render()
    assert "class Xml(TypedDict):\n    n: list[str]\n    s: str\n" in types.render()


def test_names_are_unique():
    """Two TypedDicts of one name are refused; a path's underscore and last slash keep names apart."""
    types = TypedDicts()
    types.define("Order", {}, Side(request=True))
    with pytest.raises(ValueError, match="Order"):
        types.define("Order", {}, Side(request=True))
    assert camel_path("pay/out-trade-no/{out_trade_no}") == "PayOutTradeNoOutTradeNo"
    assert camel_path("policy_periods/x") == "Policy_periodsX"
    assert camel_path("applyments/") == "Applyments_"
