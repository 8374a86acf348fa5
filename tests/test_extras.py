"""What an adapter says whose library isn't installed."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "library", "name"),
    [
        ("limits", "redis.asyncio", "redis"),
        ("redis", "redis.asyncio", "redis"),
        ("opentelemetry", "opentelemetry", "otel"),
        ("taskiq", "taskiq", "taskiq"),
        ("sqlalchemy.tables", "sqlalchemy", "sqlalchemy"),
    ],
)
def test_an_adapter_names_its_extra(monkeypatch: pytest.MonkeyPatch, module: str, library: str, name: str) -> None:
    """Who imports it without the library is told what to install."""
    monkeypatch.delitem(sys.modules, f"wechatpay_chain.contrib.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install 'wechatpay-chain\[{name}\]'") as caught:
        importlib.import_module(f"wechatpay_chain.contrib.{module}")
    assert caught.value.name == library
