"""What the platform's texts mean: each names the mistake that people make, and texts of the business none."""

import pytest

from wechatpay_chain.diagnosis import refusal


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("商户证书序列号有误。请使用签名私钥匹配的证书序列号", "serial-of-another-merchant"),
        ("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟", "clock-skewed"),
        ("平台公钥ID有误", "platform-key-of-another-merchant"),
        ("平台私钥解密失败", "platform-key-of-another-merchant"),
        ("此IP地址不允许调用接口,请按开发指引设置", "address-not-allowed"),
        ("IP地址非你在商户平台设置的可用IP地址", "address-not-allowed"),
        ("商户号和appid没有绑定关系", "appid-of-another-merchant"),
        ("appid和mch_id不匹配", "appid-of-another-merchant"),
        ("商户号不存在", "mchid-wrong"),
        ("商户号与签名的商户号不一致（/sp_mchid）", "mchid-of-another-merchant"),
        ("请求头中的商户号与请求体中的商户号不一致", "mchid-of-another-merchant"),
        ("Http头Authorization值中的商户号与请求参数不一致", "mchid-of-another-merchant"),
        ("退款商户号与支付商户号不一致", None),
        ("暂不支持境外支付", "mainland-path-overseas"),
        ("V3 API does not support overseas payment yet", "mainland-path-overseas"),
        ("参数错误 268501838", "mainland-path-overseas"),
        ("当前商户号接入升级版本功能，暂不支持使用升级前功能", "superseded-transfer"),
        ("201 商户订单号重复", "number-of-other-content"),
        ("单号已存在但信息不一致，请查单后比较确认", "number-of-other-content"),
        ("微信支付订单号与原请求不一致", "number-of-other-content"),
        ("请求内容和上次请求不一致，请核实后再试。原因主要是商户号不一致", "number-of-other-content"),
        ("对应单号已超出重试期,请查单确认后决定是否换单请求", "number-of-long-ago"),
        ("签名错误", "private-key-of-another-certificate"),
        ("错误的签名，验签失败", "private-key-of-another-certificate"),
        ("订单不存在", None),
        ("账户余额不足", None),
        ("", None),
    ],
)
def test_texts_of_apiv3(reason: str, name: str | None) -> None:
    """A refusal that is about keys, clocks or addresses has its cause; one of the business has none."""
    found = refusal.causes(reason)
    assert (found[0].name if found else None) == name
    assert all(cause.certainty != "proven" for cause in found)


@pytest.mark.parametrize(
    ("reason", "code", "name"),
    [
        ("签名错误，请检查后再试", "", "apiv2-key-wrong"),
        ("sign not match", "SIGNERROR", "apiv2-key-wrong"),
        ("x", "SIGN_ERROR", "apiv2-key-wrong"),
        ("证书错误", "CA_ERROR", "merchant-cert-wrong"),
        ("证书有误,请登录微信支付账户下载证书", "", "merchant-cert-wrong"),
        ("余额不足", "NOTENOUGH", None),
        ("更换了参数，但商户订单号未更换，请使用原单号原参数重试", "PARAM_ERROR", "number-of-other-content"),
        ("201 商户订单号重复", "INVALID_REQUEST", "number-of-other-content"),
    ],
)
def test_a17_texts_of_apiv2(reason: str, code: str, name: str | None) -> None:
    """A wrong sign of APIv2 makes the APIv3 key in the APIv2 key's place a suspect, aloud."""
    found = refusal.causes_v2(reason, code)
    assert (found[0].name if found else None) == name
    assert name != "apiv2-key-wrong" or "another key than the APIv3 key" in str(found[0])
