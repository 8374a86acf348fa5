"""The text that a request's signature covers, read from what its header says."""

from __future__ import annotations

import pytest

from wechatpay_chain import Request
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire.authorization import Authorization
from wechatpay_chain.wire.signature_types import BRAND, RSA, SM2
from wechatpay_chain.wire.signed_text import signed_text


@pytest.mark.parametrize("signature_type", [RSA, SM2, BRAND])
def test_every_scheme(signature_type: str) -> None:
    """The text is the same in all schemes, and of an upload it has the signed part."""
    said = Authorization(signature_type, "1004", "0A1B", "N0NCE", "1700000000", "U0lHTkFUVVJF")
    headers = Headers({"Authorization": str(said)})
    request = Request(method="POST", template="/v3/x", query="a=b", body='{"名":1}'.encode(), headers=headers)
    assert signed_text(request) == 'POST\n/v3/x?a=b\n1700000000\nN0NCE\n{"名":1}\n'
    assert signed_text(request.changed(signed_body=b"meta")) == "POST\n/v3/x?a=b\n1700000000\nN0NCE\nmeta\n"


@pytest.mark.parametrize("header", [None, "", "Basic x", f"{RSA} x", f"{SM2} x", f"{BRAND} x"])
def test_nothing_was_signed(header: str | None) -> None:
    """Without a header that can be read there is no text."""
    headers = Headers({} if header is None else {"Authorization": header})
    assert signed_text(Request(method="GET", template="/v3/x", headers=headers)) is None
