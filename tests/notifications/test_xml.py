"""APIv2 notifications."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.sender import APIV2_KEY, APIV3_KEY, refund, webhook, xml
from wechatpay_chain import (
    ConfigurationError,
    DecodeError,
    DecryptionError,
    SignatureError,
    TrustError,
    Webhook,
    catalogue,
    payments,
)
from wechatpay_chain.crypto import aead, digest, ecb
from wechatpay_chain.notifications.notification import XML_PREFIX
from wechatpay_chain.wire import v2

PAYMENT = {
    "return_code": "SUCCESS",
    "result_code": "SUCCESS",
    "transaction_id": "42",
    "out_trade_no": "A1",
    "total_fee": "1",
    "nonce_str": "n",
}
REFUND = {"out_refund_no": "R1", "refund_fee": "1", "refund_status": "SUCCESS", "transaction_id": "42"}


@pytest.mark.parametrize("sign_type", ["MD5", "HMAC-SHA256"])
def test_payment(sign_type: v2.SignType) -> None:
    """A payment notice opens with either kind of sign; its fields are the resource."""
    fields = {**PAYMENT, "sign_type": sign_type, "attach": "", "time_end": "20261123100000"}
    notification = webhook().open({}, xml(fields, sign_type))
    assert notification.event_type == "v2/transaction-success"
    assert notification.create_time == "20261123100000"
    assert {**fields, "sign": notification.raw["sign"]} == notification.resource == notification.raw


def test_byte_order_mark_and_blanks() -> None:
    """What stands before the root doesn't hide it."""
    assert webhook().open({}, b"\xef\xbb\xbf" + xml(PAYMENT)).resource["out_trade_no"] == "A1"
    assert webhook().open({}, b" \r\n" + xml(PAYMENT)).resource["out_trade_no"] == "A1"


def test_an_unsigned_wrapping_gives_a_refund_no_new_identity() -> None:
    """A captured refund notice in another wrapping is told as a repetition: what stands around it is unsigned."""
    genuine = refund(REFUND)
    wrapped = genuine.replace(b"<xml>", b"<xml><event_id>e1</event_id><event_create_time>2026</event_create_time>")
    assert wrapped != genuine
    first, again = webhook().open({}, genuine), webhook().open({}, wrapped)
    assert (again.id, again.create_time) == (first.id, first.create_time)


@pytest.mark.parametrize("numbers", [{"refund_id": "50"}, {}])
def test_what_identifies_a_refund(numbers: dict[str, str]) -> None:
    """A refund notice is told by the refund and its state, and dated by the decrypted part."""
    notice = {**REFUND, **numbers, "success_time": "2026-11-23 10:00:00"}
    first = webhook().open({}, refund(notice))
    assert first.create_time == "2026-11-23 10:00:00"
    assert webhook().open({}, refund({**notice, "refund_recv_accout": "x"})).id == first.id
    assert webhook().open({}, refund({**notice, "refund_status": "CHANGE"})).id != first.id
    assert webhook().open({}, refund({**notice, "out_refund_no": "R2", "refund_id": "51"})).id != first.id


def test_a_signed_wrapping_gives_a_refund_no_new_identity() -> None:
    """Even beside a good sign the wrapping of a refund notice doesn't say which one it is."""
    genuine = refund(REFUND)
    wrapped = xml({**v2.parse(genuine), "event_id": "e1", "time_end": "2026"})
    first, again = webhook().open({}, genuine), webhook().open({}, wrapped)
    assert (again.id, again.create_time) == (first.id, first.create_time)


def test_refund() -> None:
    """A refund notice opens with the APIv2 key; its resource is the decrypted part alone."""
    notification = webhook().open({}, refund(REFUND))
    assert (notification.event_type, notification.resource) == ("v2/refund-processed", REFUND)
    assert notification.raw["mch_id"] == "1900000109"


def test_refund_with_another_key() -> None:
    """A refund notice under another key is refused, and the key is named as the cause."""
    with pytest.raises(DecryptionError, match="APIv2 key does not open"):
        webhook().open({}, refund(REFUND, "x" * 32))


@pytest.mark.parametrize("opened", [b"", b"\xff" * 20, b"no message", b"<xml>cut off"])
async def test_refund_that_opens_to_nonsense(opened: bytes) -> None:
    """What another key opens to, where the padding seems right, is refused as what doesn't open, in the same reply."""
    body = v2.build({"return_code": "SUCCESS", "req_info": ecb.encrypt(APIV2_KEY, opened)})
    with pytest.raises(DecryptionError, match="APIv2 key does not open"):
        webhook().open({}, body)
    assert await webhook().dispatch({}, body) == await webhook().dispatch({}, refund(REFUND, "x" * 32))


def test_sealed_event() -> None:
    """An XML event with a sealed resource is checked with the APIv2 key and opened with the APIv3 key."""
    sealed = aead.encrypt(APIV3_KEY.encode(), b"0123456789ab", json.dumps({"state": "PAID"}).encode(), b"aad")
    fields = {
        "mch_id": "1",
        "event_type": "TRANSACTION.SUCCESS",
        "event_id": "E7",
        "event_create_time": "20261123100000",
        "event_algorithm": "AEAD_AES_256_GCM",
        "event_nonce": "0123456789ab",
        "event_associated_data": "aad",
        "event_ciphertext": sealed,
    }
    body = xml(fields, "HMAC-SHA256")
    notification = webhook().open({}, body)
    assert (notification.id, notification.event_type) == ("E7", "v2/TRANSACTION.SUCCESS")
    assert notification.resource == {"state": "PAID"}
    with pytest.raises(ConfigurationError, match="apiv3_key"):
        Webhook(apiv2_key=APIV2_KEY).open({}, body)
    with pytest.raises(DecodeError, match="no event_id"):
        webhook().open({}, xml({**fields, "event_id": ""}, "HMAC-SHA256"))


@pytest.mark.parametrize("event", [e for e in catalogue.events() if e.generation == "v2"], ids=lambda event: event.id)
def test_every_kind_is_told(event: catalogue.Event) -> None:
    """Each APIv2 notification of the catalogue is known by its required fields."""
    required = {name: "1" for name, facts in event.fields.items() if facts.get("req") and name != "sign"}
    required.pop("sign_type", None)
    required |= dict.fromkeys(required.keys() & {"return_code", "result_code"}, "SUCCESS")
    if event.id == "refund-processed":
        body = refund(required)
    elif event.event_types:
        sealed = aead.encrypt(APIV3_KEY.encode(), b"0123456789ab", b"{}")
        algorithm = {"event_algorithm": "AEAD_AES_256_GCM", "event_nonce": "0123456789ab", "event_ciphertext": sealed}
        body = xml({"event_id": "E7", "event_type": event.event_types[0], **algorithm}, "HMAC-SHA256")
    else:
        body = xml(required)
    assert webhook().open({}, body).event_type == XML_PREFIX + event.id


def test_unknown_kind() -> None:
    """A signed message of no known kind opens as such when it has what all messages of the platform have."""
    fields = {"mch_id": "1900000109", "return_code": "SUCCESS", "a": "1"}
    assert webhook().open({}, xml(fields)).event_type == "v2/unknown"


FRONT_END = {"appId": "wx1", "timeStamp": "1", "nonceStr": "n", "package": "prepay_id=1", "signType": "MD5"}


@pytest.mark.parametrize(
    "fields",
    [
        FRONT_END,
        {"appid": "wx1", "partnerid": "1", "prepayid": "1", "package": "Sign=WXPay", "noncestr": "n", "timestamp": "1"},
        {**FRONT_END, "mch_id": ""},
        {**FRONT_END, "transaction_id": "", "result_code": "SUCCESS"},
        payments.payscore_confirm_signed("p", mchid="1900000109", apiv2_key=APIV2_KEY, timestamp=1, nonce="n"),
        payments.payscore_detail("s", "A1", mchid="1900000109", apiv2_key=APIV2_KEY, timestamp=1, nonce="n"),
        {"appid": "wx1", "mch_id": "1900000109", "product_id": "1", "time_stamp": "1", "nonce_str": "n"},
        {"appid": "wx1", "mch_id": "1900000109", "plan_id": "1", "contract_code": "1", "notify_url": "u"},
        {"appid": "wx1", "mch_id": "1900000109", "plate_number": "B12345", "trade_scene": "PARKING"},
        {"mch_id": "1900000109", "a": "1", "return_code": ""},
        {"return_code": "SUCCESS", "a": "1"},
        {"transaction_id": "42", "out_trade_no": "A1", "mch_id": "1900000109"},
    ],
)
def test_what_a_payer_holds_is_no_notification(fields: dict[str, str]) -> None:
    """Parameters that the merchant signed for a front end don't open, not even with empty, hence unsigned, fields."""
    with pytest.raises(SignatureError, match="the merchant's own"):
        webhook().open({}, v2.build(fields) if "sign" in fields else xml(fields))


@pytest.mark.parametrize("field", ["transaction_id", "combine_out_trade_no"])
@pytest.mark.parametrize("code", ["return_code", "result_code", "trade_state"])
def test_a_failure_is_not_called_a_success(field: str, code: str) -> None:
    """A payment notice that tells of a failure opens as unknown."""
    fields = {"mch_id": "1900000109", "return_code": "SUCCESS", "result_code": "SUCCESS", field: "42"}
    assert webhook().open({}, xml(fields)).event_type.endswith("success")
    told = {**fields, "return_code": "SUCCESS"} | {code: "FAIL"}
    assert webhook().open({}, xml(told)).event_type == "v2/unknown"


def test_id_is_the_same_in_repetitions() -> None:
    """Without a number of its own a message gets one from its content; what is fresh each time doesn't count."""
    first = webhook().open({}, xml(PAYMENT)).id
    assert webhook().open({}, xml({**PAYMENT, "nonce_str": "other"})).id == first
    assert webhook().open({}, xml({**PAYMENT, "total_fee": "2"})).id != first
    assert webhook().open({}, refund(REFUND)).id == webhook().open({}, refund(REFUND)).id


@pytest.mark.parametrize(
    "rewrap",
    [
        lambda body: body.replace(b"</xml>", b"<coupon_fee></coupon_fee></xml>"),
        lambda body: body.replace(b"<xml>", b"<xml><sign_type/>"),
        lambda body: body.replace(b">42<", b">&#52;<![CDATA[2]]><"),
    ],
    ids=["empty field", "empty sign_type", "other spelling"],
)
def test_a_captured_notice_gets_no_new_identity(rewrap: Any) -> None:
    """What the sign doesn't cover, such as empty fields and where one ends, can't make a new notice of an old one."""
    genuine = xml(dict(sorted({**PAYMENT, "mch_id": "1"}.items())))
    wrapped = rewrap(genuine)
    assert wrapped != genuine
    assert webhook().open({}, wrapped).id == webhook().open({}, genuine).id


@pytest.mark.parametrize(
    ("cut", "merged"),
    [
        (b"1</total_fee><transaction_id>42</transaction_id>", b"1&amp;transaction_id=42</total_fee>"),
        (b"1</mch_id><nonce_str>n</nonce_str>", b"1&amp;nonce_str=n</mch_id>"),
    ],
    ids=["fields", "nonce"],
)
def test_a_notice_with_merged_fields_is_refused(cut: bytes, merged: bytes) -> None:
    """Fields written into another's value give the same sign: no genuine notice has such a value but in attach."""
    genuine = xml(dict(sorted({**PAYMENT, "mch_id": "1"}.items())))
    assert cut in genuine
    with pytest.raises(SignatureError, match="fits other fields too"):
        webhook().open({}, genuine.replace(cut, merged))


@pytest.mark.parametrize("attach", ["a&b=c", "user=1&order=2", "&=&", "&return_code=SUCCESS"])
def test_attach_is_free(attach: str) -> None:
    """The merchant's own text comes back as it was given, whatever stands in it."""
    assert webhook().open({}, xml({**PAYMENT, "attach": attach})).resource["attach"] == attach


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (xml(PAYMENT, None), "not signed"),
        (v2.build({**PAYMENT, "sign": ""}), "not signed"),
        (v2.build({**PAYMENT, "sign": "0" * 32}), "does not fit"),
        (v2.build({**PAYMENT, "sign": "é" * 32}), "does not fit"),
        (v2.build({**PAYMENT, "sign": "0" * 31}), "neither"),
        (xml({**PAYMENT, "sign_type": "HMAC-SHA256"}, "MD5"), "sign_type"),
        (xml(PAYMENT).replace(b"<total_fee>1<", b"<total_fee>2<"), "does not fit"),
        (xml(PAYMENT, key="x" * 32), "does not fit"),
    ],
)
def test_refused(body: bytes, says: str) -> None:
    """An unsigned, altered or otherwise signed message is refused."""
    with pytest.raises(SignatureError, match=says):
        webhook().open({}, body)


MARKUP = st.sampled_from(
    [b"<xml>", b"</xml>", b"<sign>", b"</sign>", b"<![CDATA[", b"]]>", b"&a;", b"<!DOCTYPE a", b"\0"]
)


@given(st.lists(MARKUP | st.binary(max_size=8)))
def test_arbitrary_input(pieces: list[bytes]) -> None:
    """Whatever comes in as XML, `open` raises what it documents."""
    with pytest.raises(TrustError):
        webhook().open({}, b"<" + b"".join(pieces))


@pytest.mark.parametrize("options", [{"apiv2_key": None}])
def test_demand_41_without_key(options: Any) -> None:
    """Without an APIv2 key nothing verifies, not even a sign that was made with an empty one."""
    forged = {**PAYMENT, "sign": digest.md5(b"nonce_str=n&out_trade_no=A1&key=")}
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        webhook(**options).open({}, v2.build(forged))


def test_req_info_in_lines() -> None:
    """Line ends that something put into the Base64 of a refund notice change nothing."""
    body = refund(REFUND).decode()
    sealed = body.partition("<req_info>")[2].partition("</req_info>")[0]
    bare = sealed.removeprefix("<![CDATA[").removesuffix("]]>")
    assert len(bare) > 64
    lines = "\r\n".join(bare[at : at + 64] for at in range(0, len(bare), 64))
    assert webhook().open({}, body.replace(bare, lines).encode()).resource == REFUND


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "its body is empty"),
        (b" \n", "its body is empty"),
        (base64.b64encode(xml(PAYMENT)), "its body is no XML"),
        (b"xml=%3Cxml%3E", "its body is no XML"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        (b"<!DOCTYPE xml><xml></xml>", "document type declaration"),
    ],
)
def test_what_is_no_notification_of_apiv2(body: bytes, says: str) -> None:
    """A receiver of APIv2 alone is told what came in place of the XML, and nothing of APIv3."""
    with pytest.raises(DecodeError, match=says):
        Webhook(apiv2_key=APIV2_KEY).open({}, body)


def test_json_at_a_receiver_of_apiv2() -> None:
    """What may be a notification of APIv3 still asks for its key."""
    with pytest.raises(ConfigurationError, match="apiv3_key"):
        Webhook(apiv2_key=APIV2_KEY).open({}, b'{"id":"1"}')
