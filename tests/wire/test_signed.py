"""The text that a request's signature covers, read from what its header says."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain import Request
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire import brand, sm, v3
from wechatpay_chain.wire.signed import signed_text

SAID = ("1004", "0A1B", "N0NCE", "1700000000", "U0lHTkFUVVJF")


@pytest.mark.parametrize("kind", [v3.Authorization, sm.Authorization, brand.Authorization])
def test_every_scheme(kind: Any) -> None:
    """The word of the header says whose it is; the text is the same, and of an upload the signed part."""
    headers = Headers({"Authorization": str(kind(*SAID))})
    request = Request(method="POST", template="/v3/x", query="a=b", body='{"名":1}'.encode(), headers=headers)
    assert signed_text(request) == 'POST\n/v3/x?a=b\n1700000000\nN0NCE\n{"名":1}\n'
    assert signed_text(request.changed(signed_body=b"meta")) == "POST\n/v3/x?a=b\n1700000000\nN0NCE\nmeta\n"


@pytest.mark.parametrize("header", [None, "", "Basic x", f"{v3.SCHEME} x", f"{sm.SCHEME} x", f"{brand.SCHEME} x"])
def test_nothing_was_signed(header: str | None) -> None:
    """Without a header that can be read there is no text."""
    headers = Headers({} if header is None else {"Authorization": header})
    assert signed_text(Request(method="GET", template="/v3/x", headers=headers)) is None
