"""Parameters of payscore, held against what openssl computes from the documented texts."""

from __future__ import annotations

from tests import openssl
from tests.payments.documented import APIV2_KEY, FRESH, MCHID, NONCE, TIMESTAMP
from wechatpay_chain import payments


def test_payscore() -> None:
    """Enabling and confirming take one value; the older confirmation and the detail are signed with HMAC."""
    assert payments.payscore_enable("t") == {"apply_permissions_token": "t"}
    assert payments.payscore_confirm("p") == {"package": "p"}
    common = {"mch_id": MCHID, "timestamp": str(TIMESTAMP), "nonce_str": NONCE, "sign_type": "HMAC-SHA256"}
    text = f"mch_id={MCHID}&nonce_str={NONCE}&package=p&sign_type=HMAC-SHA256&timestamp={TIMESTAMP}&key={APIV2_KEY}"
    assert payments.payscore_confirm_signed("p", mchid=MCHID, apiv2_key=APIV2_KEY, **FRESH) == {
        **common,
        "package": "p",
        "sign": openssl.hmac_sha256(APIV2_KEY, text),
    }
    text = (
        f"mch_id={MCHID}&nonce_str={NONCE}&out_order_no=O1&service_id=500&sign_type=HMAC-SHA256"
        f"&timestamp={TIMESTAMP}&key={APIV2_KEY}"
    )
    assert payments.payscore_detail("500", "O1", mchid=MCHID, apiv2_key=APIV2_KEY, **FRESH) == {
        **common,
        "service_id": "500",
        "out_order_no": "O1",
        "sign": openssl.hmac_sha256(APIV2_KEY, text),
    }
