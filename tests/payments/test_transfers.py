"""What a payee confirms a transfer with."""

from __future__ import annotations

from tests.payments.documented import APPID, MCHID
from wechatpay_chain import payments


def test_merchant_transfer() -> None:
    """Nothing is signed; a service provider's merchant is named where there is one; an app takes it as text."""
    given = payments.merchant_transfer("a+b/c==", mchid=MCHID, appid=APPID)
    assert given == {"mchId": MCHID, "appId": APPID, "package": "a+b/c=="}
    assert payments.query(given) == f"mchId={MCHID}&appId={APPID}&package=a%2Bb%2Fc%3D%3D"
    partner = payments.merchant_transfer("p", mchid=MCHID, appid=APPID, sub_mchid="2", sub_appid="wx2")
    assert partner == {"mchId": MCHID, "subMchId": "2", "appId": APPID, "subAppId": "wx2", "package": "p"}
