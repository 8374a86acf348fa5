"""QR codes of Native orders."""

from __future__ import annotations

import sys

import pytest

from wechatpay_chain import ConfigurationError
from wechatpay_chain.payments import qr


def test_qr_codes() -> None:
    """A Native order's code as terminal text, SVG and PNG."""
    pytest.importorskip("segno")
    code_url = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"
    assert "█" in qr.terminal(code_url)
    assert qr.svg(code_url).startswith("<svg")
    assert qr.png(code_url).startswith(b"\x89PNG")


def test_qr_codes_name_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install; without a code_url, what to give."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ConfigurationError, match=r"wechatpay-chain\[qr\]"):
        qr.svg("weixin://wxpay/bizpayurl?pr=1")
    with pytest.raises(ConfigurationError, match="code_url"):
        qr.png("")
