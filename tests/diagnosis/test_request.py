"""Which text a merchant signed in place of the one that is verified."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.diagnosis.request import Parts, find

BODY = {"appid": "wx8888888888888888", "description": "茶", "notify_url": "https://shop.example/notify", "total": 29}
WRITTEN = json.dumps(BODY, ensure_ascii=False, separators=(",", ":")).encode()
SENT = Parts(
    method="POST",
    target="/v3/pay/transactions/native",
    timestamp="1554208460",
    nonce="593BEC0C930BF1AFEB40B4A08C8FB242",
    body=WRITTEN,
    whole_body=WRITTEN,
    origin="http://127.0.0.1:8000",
)
QUERIED = replace(
    SENT, method="GET", target="/v3/bill/tradebill?bill_date=2026-01-01&tar_type=G%5A", body=b"", whole_body=b""
)
UPLOADED = replace(
    SENT, target="/v3/merchant/media/upload", body=b'{"filename":"a.png"}', whole_body=b"--x\r\n...--x--"
)


@pytest.mark.parametrize(
    ("sent", "signed", "cause"),
    [
        (SENT, replace(SENT, method="post").message(), "signed-another-method"),
        (QUERIED, replace(QUERIED, method="POST").message(), "signed-another-method"),
        (QUERIED, replace(QUERIED, target="/v3/bill/tradebill").message(), "signed-another-target"),
        (
            QUERIED,
            replace(QUERIED, target="/v3/bill/tradebill?bill_date=2026-01-01&tar_type=GZ").message(),
            "signed-another-target",
        ),
        (SENT, replace(SENT, target=SENT.origin + SENT.target).message(), "signed-another-target"),
        (SENT, replace(SENT, target="https://api.mch.weixin.qq.com" + SENT.target).message(), "signed-another-target"),
        (SENT, replace(SENT, target=SENT.target[1:]).message(), "signed-another-target"),
        (SENT, replace(SENT, target=SENT.target + "/").message(), "signed-another-target"),
        (SENT, replace(SENT, target=SENT.target.removeprefix("/v3")).message(), "signed-another-target"),
        (SENT, replace(SENT, body=b"").message(), "signed-another-body"),
        (QUERIED, replace(QUERIED, body=b"{}").message(), "signed-another-body"),
        (SENT, replace(SENT, body=json.dumps(BODY).encode()).message(), "signed-another-body"),
        (SENT, replace(SENT, body=json.dumps(BODY, sort_keys=True).encode()).message(), "signed-another-body"),
        (SENT, replace(SENT, body=WRITTEN.replace(b"/", b"\\/")).message(), "signed-another-body"),
        (SENT, replace(SENT, body=WRITTEN + b"\n").message(), "signed-another-body"),
        (UPLOADED, replace(UPLOADED, body=UPLOADED.whole_body).message(), "signed-another-body"),
        (
            QUERIED,
            replace(QUERIED, body=b"{}", target="/v3/bill/tradebill").message(),
            "signed-another-body",
        ),
        (SENT, SENT.message()[:-1], "signed-in-another-form"),
        (SENT, SENT.message(b"\r\n"), "signed-in-another-form"),
        (SENT, SENT.message(b"\\n"), "signed-in-another-form"),
        (SENT, SENT.message(b""), "signed-in-another-form"),
        (SENT, replace(SENT, timestamp=SENT.nonce, nonce=SENT.timestamp).message(), "signed-in-another-form"),
        (SENT, b"1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n" + WRITTEN + b"\n", "signed-in-another-form"),
        (SENT, WRITTEN, "signed-in-another-form"),
    ],
)
def test_mistakes_are_proven(sent: Parts, signed: bytes, cause: str) -> None:
    """The usual mistakes of other clients are found, with the text that was signed."""
    finding = find(sent, lambda text: text == signed)
    assert finding is not None
    assert (finding.cause.name, finding.cause.certainty, finding.message) == (cause, "proven", signed)


@given(st.binary(max_size=200), st.text(max_size=50))
def test_nothing_is_found_for_a_stranger(body: bytes, target: str) -> None:
    """Where no text fits, nothing is found, whatever the request holds; the text that is verified isn't tried again."""
    sent = replace(SENT, body=body, whole_body=body, target=target)
    tried: list[bytes] = []

    def fits(text: bytes) -> bool:
        tried.append(text)
        return False

    assert find(sent, fits) is None
    assert sent.message() not in tried
