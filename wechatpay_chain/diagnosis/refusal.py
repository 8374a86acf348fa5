"""Causes of the platform's refusals of keys, signatures and addresses, whose texts name only a symptom.

https://pay.weixin.qq.com/doc/v3/merchant/4012072670
"""

from __future__ import annotations

import re

from ..errors import Cause, Certainty
from ..http.names import letters

_AROUND = 24


def _known(
    pattern: str, name: str, text: str, remedy: str, certainty: Certainty = "likely"
) -> tuple[re.Pattern[str], Cause]:
    return re.compile(pattern), Cause(name, text, remedy, certainty)


# The platform refuses a number that was used before with any of several codes.
_USED = (
    _known(
        "单号重复|单号已存在|单号已(?:被)?使用|(?:首次|之前|上次|原)请求不一致|更换了参数|out_trade_no.{0,12}(?:used|重复)",
        "number-of-other-content",
        "this number was used before, with other content",
        "Send the first content to have its answer again, query what it made, or take a new number for a new order",
    ),
    _known(
        "超出重试期",
        "number-of-long-ago",
        "this number was sent too long ago to be sent again",
        "Query what it made; only if that failed, take a new number",
    ),
)
USED_NUMBER = frozenset(cause.name for _, cause in _USED)
"""The names of the causes that speak of a number that was used before."""

_V3 = (
    # https://pay.weixin.qq.com/doc/global/v3/zh/4017303715; the number is the ending of the Request-ID.
    _known(
        "暂不支持境外支付|does not support overseas payment|\\b268501838$",
        "mainland-path-overseas",
        "this path is for mainland merchants, and an overseas merchant or an overseas host was used",
        "Overseas merchants call the twin below /v3/global/ (wxpay.v3.global_...), mainland ones api.mch.weixin.qq.com",
    ),
    _known(
        "暂不支持使用升级前功能",
        "superseded-transfer",
        "this merchant was opened for the newer transfers, which took the place of batches",
        "Call /v3/fund-app/mch-transfer/transfer-bills: wxpay.v3.fundApp.mchTransfer.transferBills",
    ),
    *_USED,
    _known(
        "商户证书序列号有误|商户未设置加密证书|证书序列号.{0,4}(?:不存在|错误)",
        "serial-of-another-merchant",
        "serial is not that of an API certificate of this mchid",
        "Give mchid, serial and private_key of one merchant: the serial is that of its apiclient_cert.pem in use",
    ),
    _known(
        "5分钟|timestamp.{0,12}(?:过期|超过)|时间戳",
        "clock-skewed",
        "this machine's clock is off by more than 300 s",
        "Synchronise it (NTP)",
    ),
    _known(
        "平台公钥|公钥ID|Wechatpay-Serial|平台证书序列号|解密失败|平台私钥",
        "platform-key-of-another-merchant",
        "the key that the secrets are encrypted with, or its name, is not this merchant's",
        "Give certs the public key and the PUB_KEY_ID_... that the merchant portal shows for this mchid",
    ),
    _known(
        r"IP.{0,4}(?:不允许|非你|未授权|不在)|此IP|IP地址",
        "address-not-allowed",
        "this machine's public address is not among those that the merchant portal allows",
        "Add it there (产品中心, IP 白名单), or call from an allowed machine",
    ),
    _known(
        "appid.{0,6}mch_?id.{0,4}不匹配|商户号.{0,2}appid.{0,4}(?:不匹配|没有绑定)|mchid.{0,6}appid",
        "appid-of-another-merchant",
        "the appid is not bound to this mchid",
        "Bind it in the merchant portal (AppID 账号管理), or give the one that is",
    ),
    _known(
        r"(?:签名|Authorization|HTTP头|请求头).{0,16}商户号.{0,16}不一致|商户号.{0,6}(?:签名|Authorization|请求头).{0,16}不一致",
        "mchid-of-another-merchant",
        "the merchant number in the call is not the one that signs it",
        "Give the client's own: its mchid, or as a service provider its sp_mchid, with the merchant as sub_mchid",
    ),
    _known(
        "商户号.{0,6}(?:不存在|有误|错误|异常)|mchid.{0,8}(?:not exist|invalid|错误)",
        "mchid-wrong",
        "no merchant has this mchid, or not in this part of the world",
        "Compare it with the merchant portal; overseas merchants have hosts and keys of their own",
    ),
    _known(
        "签名错误|验签失败|错误的签名",
        "private-key-of-another-certificate",
        "private_key is not the key of the certificate that serial names, or mchid is not its merchant",
        "Give all three of one merchant: openssl x509 -in apiclient_cert.pem -noout -serial shows the serial",
        "possible",
    ),
)

_V2 = (
    *_USED,
    _known(
        "签名错误|签名失败|signerror",
        "apiv2-key-wrong",
        "apiv2_key is not the APIv2 key of this merchant; it is another key than the APIv3 key, of 32 characters too",
        "Give the one that was set in the merchant portal under API security as APIv2 key",
    ),
    _known(
        "证书(?:错误|有误|无效|验证|不匹配)|caerror",
        "merchant-cert-wrong",
        "the merchant certificate that was presented is not one of this mchid in use",
        "Give merchant_cert=Path('apiclient_cert.pem') of this merchant",
    ),
)

NOT_ACCEPTED = frozenset({"apiv2-key-wrong", "merchant-cert-wrong"})
"""The names of the causes for which APIv2 refuses a message unread, with a text and no code."""


def causes(reason: str) -> tuple[Cause, ...]:
    """The cause of a refusal of APIv3, by its text; empty for other refusals.

    Args:
        reason: the text, and the ending of the Request-ID behind it.
    """
    return tuple(cause for pattern, cause in _V3 if pattern.search(reason))[:1]


def causes_v2(reason: str, code: str) -> tuple[Cause, ...]:
    """The same for APIv2, where there may be a code only."""
    return tuple(cause for pattern, cause in _V2 if pattern.search(f"{reason} {letters(code)}"))[:1]


def signed_text(ours: str, theirs: str, length: int | None) -> Cause:
    """Why the platform refused a signature, found by comparing the texts that were signed and verified.

    Args:
        ours: the text that was signed here.
        theirs: what the platform shows of the text that it verified; it may be cut off.
        length: bytes of that text; None if unknown.
    """
    for index, (left, right) in enumerate(zip(ours, theirs, strict=False)):
        if left != right:
            line = ours.count("\n", 0, index) + 1
            text = (
                f"the platform verified another text than was signed here; they differ from character {index} (line "
                f"{line}): signed {_around(ours, index)!r}, verified {_around(theirs, index)!r}"
            )
            return Cause(
                "request-changed", text, "Something in between changes the request: let it pass it on", "proven"
            )
    if length is not None and length != len(ours.encode()):
        text = f"the platform verified {length} bytes, {len(ours.encode())} were signed here"
        return Cause("request-changed", text, "Something in between changes the body: let it pass it on", "proven")
    text = "the platform verified the same text that was signed here, so the key is not the one it expects"
    remedy = (
        "Check that private_key and serial belong to the same merchant API certificate, and that mchid is its merchant"
    )
    return Cause("private-key-of-another-certificate", text, remedy, "proven")


def _around(text: str, index: int) -> str:
    return text[max(0, index - 4) : index + _AROUND]
