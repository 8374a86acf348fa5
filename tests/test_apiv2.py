"""APIv2 through the chain: what is filled in, signed, refused and believed."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import openssl
from tests.known import operation_of
from wechatpay_chain import (
    APIError,
    BadRequest,
    ConfigurationError,
    DecodeError,
    NotFound,
    Pending,
    RateLimited,
    Request,
    Response,
    Secret,
    ServerError,
    SignatureError,
    WeChatPay,
)
from wechatpay_chain.client.options import Options
from wechatpay_chain.emulator import Call, Emulator
from wechatpay_chain.emulator.platform.apiv2 import RefusalV2, sandbox_key
from wechatpay_chain.middleware import VerifyV2, standard
from wechatpay_chain.policies.retry import RetryPolicy
from wechatpay_chain.transport.aiohttp import AiohttpTransport
from wechatpay_chain.wire import v2
from wechatpay_chain.wire.refusal import api_error
from wechatpay_chain.wire.v2 import parameters
from wechatpay_chain.wire.v2 import refusal as refusal_v2

ORDER: Any = {"appid": "wx1", "body": "茶 & <咖啡>", "out_trade_no": "A1", "total_fee": 29, "trade_type": "NATIVE"}
ORDER |= {"spbill_create_ip": "127.0.0.1", "notify_url": "https://a.example/n"}


def loose(*given: dict[str, Any], **more: Any) -> Any:
    """Parameters that no type checker holds against the operation."""
    return {name: value for fields in (*given, more) for name, value in fields.items()}


KEY = "192006250b4c09247ec02edce69f6a2d"


@pytest.fixture
def wxpay(emulator: Emulator) -> WeChatPay:
    """A client in the emulator's process."""
    return client(emulator)


def client(emulator: Emulator, transport: Any = None, **changes: Any) -> WeChatPay:
    """A client with other arguments."""
    arguments = {**emulator.credentials(), "retry": RetryPolicy(attempts=1), "rate_limits": None, **changes}
    return WeChatPay(**arguments, transport=transport or emulator)


def sent(emulator: Emulator) -> dict[str, str]:
    """The parameters of the last call."""
    xml = emulator.calls[-1].xml
    assert xml is not None
    return dict(xml)


async def test_an_order(emulator: Emulator, wxpay: WeChatPay) -> None:
    """Merchant, nonce, kind and signature are filled in, and the caller's texts arrive as they were."""
    answer = await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    assert (answer.xml()["return_code"], answer.verified) == ("SUCCESS", True)
    fields = sent(emulator)
    assert fields["body"] == "茶 & <咖啡>"
    assert fields["total_fee"] == "29"
    assert (fields["mch_id"], fields["sign_type"]) == (emulator.mchid, "MD5")
    assert re.fullmatch("[0-9A-F]{32}", fields["nonce_str"])


async def test_an_order_over_a_socket(emulator: Emulator) -> None:
    """The same over HTTP: the path goes out without `/v2`, without any Authorization."""
    seen: list[Request] = []

    async def watch(request: Request, call_next: Any) -> Response[Any]:
        response: Response[Any] = await call_next(request)
        assert response.request is not None
        seen.append(response.request)
        return response

    credentials = emulator.credentials()
    steps = (*standard(Options(**credentials)), watch)
    async with (
        emulator.listen() as base_url,
        WeChatPay(**credentials, base_url=base_url, pipeline=steps) as over_http,
    ):
        assert (await over_http.v2.pay.unifiedorder.post(xml=ORDER)).verified
    assert (seen[0].path, seen[0].template) == ("/pay/unifiedorder", "/v2/pay/unifiedorder")
    assert "Authorization" not in seen[0].headers


async def test_texts_of_a_class_of_their_own(emulator: Emulator, wxpay: WeChatPay) -> None:
    """What is signed is what is sent: the text that such a value or name holds, not the one that it writes."""

    class Masked(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "***"

    assert (await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, {Masked("detail"): Masked("tea")}))).verified
    assert sent(emulator)["detail"] == "tea"


@pytest.mark.parametrize("kind", ["MD5", "HMAC-SHA256"])
async def test_the_caller_chooses_the_signature(emulator: Emulator, wxpay: WeChatPay, kind: str) -> None:
    """Either kind, per call, where the operation takes both."""
    assert (await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, {"sign_type": kind}))).verified
    assert sent(emulator)["sign_type"] == kind
    assert len(sent(emulator)["sign"]) == (32 if kind == "MD5" else 64)


@pytest.mark.parametrize(
    ("fields", "argument"),
    [
        ({"sign_type": "SHA1"}, "xml/sign_type"),
        ({"mch_id": "1"}, "xml/mch_id"),
        ({"total_fee": 0.29}, "xml/total_fee"),
        ({"total_fee": True}, "xml/total_fee"),
        ({"total_fee": None}, "xml/total_fee"),
        ({"total_fee": object()}, "xml/total_fee"),
        ({"total_fee": Decimal("NaN")}, "xml/total_fee"),
        ({"body": "🍵"}, "xml/body"),
        ({"body": "\x00"}, "xml['body']"),
        ({"a b": "1"}, "xml['a b']"),
        ({5: "1"}, "xml/5"),
        pytest.param({"total_fee": 10**5000}, "xml/total_fee", id="huge"),
        ({None: "1"}, "xml/None"),
        ({"body": Secret("x")}, "xml/body"),
    ],
)
async def test_mistakes_in_parameters(
    emulator: Emulator, wxpay: WeChatPay, fields: dict[str, Any], argument: str
) -> None:
    """Each is named before anything is sent."""
    with pytest.raises(ConfigurationError) as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, fields))
    assert caught.value.argument == argument
    assert not emulator.calls


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("total_fee", "Give an int: amounts are whole fen: 0.5 yuan are 50"),
        ("longitude", "Give an int, or a str as the page shows it"),
    ],
)
async def test_floats(wxpay: WeChatPay, name: str, remedy: str) -> None:
    """A float is refused; fen are spoken of only for an amount."""
    with pytest.raises(ConfigurationError) as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, {name: 0.5}))
    assert caught.value.remedy == remedy


async def test_decimals(emulator: Emulator, wxpay: WeChatPay) -> None:
    """A fraction is no amount, which are fen; whole numbers and what is no amount go out as they are written."""
    with pytest.raises(ConfigurationError) as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, total_fee=Decimal("0.29")))
    assert (caught.value.argument, caught.value.found) == ("xml/total_fee", "the Decimal 0.29")
    assert caught.value.remedy == "Give an int: amounts are whole fen: 0.29 yuan are 29"
    assert not emulator.calls
    await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, total_fee=Decimal(29), longitude=Decimal("113.50")))
    assert (sent(emulator)["total_fee"], sent(emulator)["longitude"]) == ("29", "113.50")


@pytest.mark.parametrize("detail", [{"goods_detail": [{"price": 0.29}]}, {"cost_price": 29.0}])
async def test_floats_within_json_text(wxpay: WeChatPay, detail: dict[str, Any]) -> None:
    """An amount is no float there, either; what is none may be one."""
    with pytest.raises(ConfigurationError, match=r"xml/detail/.*price: the float .*fen"):
        await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, detail=detail))
    await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, detail={"latitude": 22.5}))


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"json": {}}, "json"),
        ({"xml": "text"}, "xml"),
        ({"meta": {}}, "meta"),
        ({"xml": {}, "retry": "false"}, "retry"),
        ({"xml": {}, "security": "no"}, "security"),
        ({"file": b"", "xml": {}}, "xml"),
        ({"xml": {}, "headers": {"Authorization": "x"}}, "headers['Authorization']"),
    ],
)
async def test_mistakes_in_keywords(wxpay: WeChatPay, options: dict[str, Any], argument: str) -> None:
    """What APIv2 doesn't take is named; so is xml for APIv3, and xml for a GET."""
    with pytest.raises(ConfigurationError) as caught:
        await wxpay["v2/pay/unifiedorder"].post(**options)
    assert caught.value.argument == argument
    with pytest.raises(ConfigurationError, match="not one of APIv2"):
        await wxpay["v3/pay/transactions/native"].post(xml={})
    with pytest.raises(ConfigurationError, match="params="):
        await wxpay["v2/papay/entrustweb"].get(xml={})


async def test_a_misspelt_path(wxpay: WeChatPay) -> None:
    """The path that is meant is named, as for APIv3."""
    with pytest.raises(NotFound, match="probably the path is misspelt: POST /v2/pay/unifiedorder"):
        await wxpay["v2/pay/unified-order"].post(xml=loose(ORDER))
    with pytest.raises(NotFound, match="perhaps the path is misspelt: POST /v2/pay/unifiedorder"):
        await wxpay["v2/pay/unifiedordr"].post(xml=loose(ORDER))


async def test_a_wrong_verb(wxpay: WeChatPay) -> None:
    """The verb that the path takes is told in APIv2's words."""
    with pytest.raises(APIError, match="请使用post方法") as caught:
        await wxpay["v2/pay/orderquery"].get(params={"out_trade_no": "A1"})
    assert caught.value.outcome == "rejected"
    with pytest.raises(APIError, match="请使用get方法"):
        await wxpay["v2/papay/entrustweb"].post(xml={"appid": "wx1"})


async def test_other_names_of_the_merchant(emulator: Emulator, wxpay: WeChatPay) -> None:
    """`mchid` and `combine_mch_id` are the operation's affair; an unknown operation takes the name that is given."""
    query = loose({"appid": "wx1", "usetag": 1, "offset": 0, "limit": 10, "date_start": "1", "date_end": "1"})
    await wxpay.v2.pay.settlementquery.post(xml=query)
    assert sent(emulator)["mchid"] == emulator.mchid
    with pytest.raises(ConfigurationError, match="sub_mch_id"):
        await wxpay["v2/new/operation"].post(xml={"mchid": "1"})


async def test_json_and_pairs_within_xml(emulator: Emulator, wxpay: WeChatPay) -> None:
    """A dict becomes the JSON text, or the pairs, that the operation takes."""

    class Kind(Enum):
        NATIVE = "NATIVE"

    detail = {"goods_detail": [{"goods_id": "1"}]}
    await wxpay.v2.pay.unifiedorder.post(xml=loose(ORDER, detail=detail, trade_type=Kind.NATIVE, total_fee=Decimal(1)))
    assert sent(emulator)["detail"] == '{"goods_detail":[{"goods_id":"1"}]}'
    texts = parameters.texts({"risk_info": {"posttime": 1, "mobile": "2"}}, ["risk_info"], "xml")
    assert texts == {"risk_info": "posttime%3D1%26mobile%3D2"}


async def test_demand_41_no_key(emulator: Emulator) -> None:
    """Without an APIv2 key nothing is sent, and no answer is ever verified with an empty one."""
    wxpay = client(emulator, apiv2_key=None)
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    assert not emulator.calls
    with pytest.raises(ConfigurationError, match="apiv2_key"):
        client(emulator, apiv2_key="")
    with pytest.raises(ConfigurationError, match="empty"):
        v2.verify({"sign": "0" * 32}, "")


async def test_demand_41_no_key_verifies_nothing() -> None:
    """A pipeline without the key hands no answer of APIv2 on, whatever the answer says."""

    async def transport(request: Request) -> Response[Any]:
        return Response(status=200, content=b"<xml><return_code>SUCCESS</return_code></xml>", request=request)

    with pytest.raises(SignatureError, match="apiv2_key"):
        await VerifyV2(None)(Request(method="POST", template="/v2/pay/orderquery"), transport)


@pytest.mark.parametrize("path", ["/v2/secapi/pay/refund", "/v3/refund/domestic/refunds", "/v2/%70ay/unifiedorder"])
async def test_no_exemption_by_the_template_alone(emulator: Emulator, path: str) -> None:
    """An unsigned answer is no answer of another path, though the template's own answers carry no sign."""

    async def transport(request: Request) -> Response[Any]:
        return Response(status=200, content=b"<xml><return_code>SUCCESS</return_code></xml>", request=request)

    wxpay = client(emulator, transport=transport)
    unsigned = Request(method="POST", template="/v2/mmpaymkttransfers/gethbinfo", xml={"mch_billno": "1"})
    assert not (await wxpay.send(unsigned)).verified
    with pytest.raises(SignatureError, match="not signed"):
        await wxpay.send(unsigned.changed(path=path))


async def test_no_certificate(emulator: Emulator) -> None:
    """An operation that asks for the merchant certificate isn't called without, whoever answers it."""
    wxpay = client(emulator, merchant_cert=None)
    with pytest.raises(ConfigurationError, match=r"merchant_cert.*apiclient_cert\.pem"):
        await wxpay.v2.secapi.pay.reverse.post(xml={"appid": "wx1", "out_trade_no": "A1"})
    with pytest.raises(ConfigurationError, match="merchant_cert"):
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER, security=True)


def altered(emulator: Emulator, alter: Callable[[bytes], bytes]) -> Any:
    """The emulator, whose answers are altered on their way."""

    async def transport(request: Request) -> Response[Any]:
        answer = await emulator(request)
        return replace(answer, content=alter(answer.content))

    return transport


@pytest.mark.parametrize(
    "alter",
    [
        lambda content: content.replace(b"<mch_id>1", b"<mch_id>2"),
        lambda content: re.sub(b"<sign>.*</sign>", b"", content),
        lambda content: re.sub(b"<sign>.*</sign>", b"<sign></sign>", content),
        lambda content: re.sub(b"<sign>.*</sign>", b"<sign>0</sign>", content),
        lambda content: content.replace(b"</xml>", b"<more>1</more></xml>"),
        lambda content: v2.build(
            {"return_code": "SUCCESS", "sign": hashlib.md5(b"return_code=SUCCESS&key=").hexdigest()}
        ),
    ],
)
async def test_forged_answers(emulator: Emulator, alter: Callable[[bytes], bytes]) -> None:
    """A changed, missing, empty or short signature, and one made with no key, are not believed."""
    wxpay = client(emulator, altered(emulator, alter))
    with pytest.raises(SignatureError) as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    assert (caught.value.outcome, caught.value.status) == ("unknown", 200)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><return_code>&e;</return_code></xml>',
        b"<xml><return_code>SUCCESS</return_code><return_code>FAIL</return_code></xml>",
    ],
)
async def test_answers_that_are_no_message(emulator: Emulator, content: bytes) -> None:
    """HTML, nothing, and XML with entities are a DecodeError of unknown outcome."""
    wxpay = client(emulator, altered(emulator, lambda _: content))
    with pytest.raises(DecodeError) as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("content", [b"<html><body>log in</body></html>", b"<HTML><title>502</title></HTML>\n"])
async def test_a_web_page_that_is_well_formed(emulator: Emulator, content: bytes) -> None:
    """A page that could be read as a message is named for what it is, and what became of the call is unknown."""

    async def page(request: Request) -> Response[Any]:
        return replace(await emulator(request), content=content)

    with pytest.raises(APIError, match="probably it is a web page of something in between") as caught:
        await client(emulator, page).v2.pay.unifiedorder.post(xml=ORDER)
    assert caught.value.outcome == "unknown"


async def test_demand_41_an_unsigned_answer_is_believed_only_where_known(emulator: Emulator, wxpay: WeChatPay) -> None:
    """Transfers answer without a signature, and the answer says so; other operations, and new ones, must sign."""
    transfer = loose(
        {"mch_appid": "wx1", "partner_trade_no": "1", "openid": "o", "check_name": "NO_CHECK", "amount": 1}
    )
    answer = await wxpay.v2.mmpaymkttransfers.promotion.transfers.post(
        xml=loose(transfer, {"desc": "x", "spbill_create_ip": "127.0.0.1"})
    )
    assert (answer.verified, answer.xml()["result_code"]) == (False, "SUCCESS")

    async def unsigned(request: Request) -> Response[Any]:
        return Response(status=200, content=b"<xml><return_code>SUCCESS</return_code></xml>", request=request)

    with pytest.raises(SignatureError, match="sign is missing"):
        await client(emulator, unsigned)["v2/new/operation"].post(xml={})


@pytest.mark.parametrize(
    ("code", "kind", "outcome"),
    [
        ("SYSTEMERROR", ServerError, "unknown"),
        ("SYSTEM_ERROR", ServerError, "unknown"),
        ("BANKERROR", ServerError, "unknown"),
        ("USERPAYING", Pending, "unknown"),
        ("BIZERR_NEED_RETRY", ServerError, "unknown"),
        ("ORDERNOTEXIST", NotFound, "rejected"),
        ("ORDER_NOT_EXIST", NotFound, "rejected"),
        ("ORDERPAID", BadRequest, "rejected"),
        ("PARAM_ERROR", BadRequest, "rejected"),
        ("FREQUENCY_LIMITED", RateLimited, "rejected"),
        ("SOMETHING_NEW", APIError, "unknown"),
    ],
)
async def test_refusals_of_the_business(
    emulator: Emulator, wxpay: WeChatPay, code: str, kind: type[APIError], outcome: str
) -> None:
    """`err_code` decides on class and outcome, in either spelling; a code that nobody knows leaves the outcome open."""

    @emulator.on("POST", "/v2/pay/unifiedorder")
    def refuse(call: Call) -> dict[str, Any]:
        raise RefusalV2("原因", code)

    with pytest.raises(kind, match="原因") as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.outcome, error.verified, error.status) == (code, outcome, True, 200)
    assert error.has_code(code.replace("_", ""))
    assert str(error.request) == "POST /v2/pay/unifiedorder"


@pytest.mark.parametrize(
    ("fields", "code", "outcome"),
    [
        ({"return_code": "FAIL", "return_msg": "签名错误"}, "", "rejected"),
        ({"return_code": "FAIL", "return_msg": "System Error"}, "", "unknown"),
        ({"return_code": "FAIL", "return_msg": "系统繁忙,请稍后再试."}, "", "unknown"),
        ({"return_code": "FAIL", "return_msg": "SYSTEMERROR"}, "", "unknown"),
        ({"return_code": "SYSTEMERROR"}, "SYSTEMERROR", "unknown"),
        ({"return_code": "FAIL", "error_code": "20001"}, "20001", "unknown"),
        ({}, "", "unknown"),
    ],
)
async def test_refusals_of_the_call(emulator: Emulator, fields: dict[str, str], code: str, outcome: str) -> None:
    """Without `return_code` SUCCESS there is no signature: a refusal all the same, marked as not verified."""
    wxpay = client(emulator, altered(emulator, lambda _: v2.build(fields)))
    with pytest.raises(APIError, match="not verified") as caught:
        await wxpay.v2.pay.unifiedorder.post(xml=ORDER)
    assert (caught.value.code, caught.value.outcome, caught.value.verified) == (code, outcome, False)


async def test_a_limited_refund_may_have_been_accepted(emulator: Emulator, wxpay: WeChatPay) -> None:
    """Too many requests leave a refund's outcome open."""

    @emulator.on("POST", "/v2/secapi/pay/refund")
    def refuse(call: Call) -> dict[str, Any]:
        raise RefusalV2("太快", "FREQUENCY_LIMITED")

    with pytest.raises(RateLimited) as caught:
        await wxpay.v2.secapi.pay.refund.post(
            xml={
                "appid": "wx1",
                "out_trade_no": "1",
                "transaction_id": "1",
                "out_refund_no": "1",
                "total_fee": 1,
                "refund_fee": 1,
            }
        )
    assert caught.value.outcome == "unknown"


async def test_a_gateways_error(emulator: Emulator) -> None:
    """Another status than 200 is an error as for APIv3."""

    async def gateway(request: Request) -> Response[Any]:
        return Response(status=502, content=b"<html>Bad Gateway</html>", request=request)

    with pytest.raises(ServerError) as caught:
        await client(emulator, gateway).v2.pay.unifiedorder.post(xml=ORDER)
    assert caught.value.outcome == "unknown"


async def test_bank_fields(emulator: Emulator, wxpay: WeChatPay) -> None:
    """The bank's key is fetched once, and the card number is neither sent in plain text nor kept with the answer."""
    seen: list[bytes] = []

    async def transport(request: Request) -> Response[Any]:
        seen.append(request.body or b"")
        return await emulator(request)

    payment = loose(
        {
            "partner_trade_no": "P1",
            "enc_bank_no": "6222000011112222",
            "enc_true_name": "张三",
            "bank_code": "1002",
            "amount": 1,
        }
    )
    for wanted in (payment, loose(payment, enc_true_name=Secret("张三"))):
        answer = await client(emulator, transport).v2.mmpaysptrans.pay_bank.post(xml=wanted)
        assert b"6222000011112222" not in pickle.dumps(answer)
        assert sent(emulator)["enc_bank_no"] == "6222000011112222"
        assert sent(emulator)["enc_true_name"] == "张三"
    assert b"6222000011112222" not in b"".join(seen)
    assert "张三".encode() not in b"".join(seen)
    both = client(emulator, transport)
    seen.clear()
    await both.v2.mmpaysptrans.pay_bank.post(xml=payment)
    await both.v2.mmpaysptrans.pay_bank.post(xml=payment)
    assert len(seen) == 3


async def test_wecom(emulator: Emulator) -> None:
    """WeCom's signature covers its own few fields, and `sign` covers it."""
    wxpay = client(emulator, workwx_secret="s3cret")
    await wxpay.v2.mmpaymkttransfers.sendworkwxredpack.post(
        xml={
            "mch_billno": "B1", "wxappid": "wx1", "sender_name": "a", "re_openid": "o", "total_amount": 100,
            "wishing": "w", "act_name": "n", "remark": "r", "scene_id": "PRODUCT_1", "sender_header_media_id": "m",
        }
    )  # fmt: skip
    fields = sent(emulator)
    names = ("act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid")
    text = "&".join([*(f"{name}={fields[name]}" for name in names), "secret=s3cret"])
    assert fields["workwx_sign"] == hashlib.md5(text.encode()).hexdigest().upper()


async def test_a_signature_by_the_private_key(emulator: Emulator, wxpay: WeChatPay) -> None:
    """`cert_sign` is made over serial and timestamp, as openssl makes it; one that the caller brings is kept."""
    asked = {"version": "1.0", "appid": "wx1", "openid": "o", "access_token": "t", "sign_type": "HMAC-SHA256"}
    await wxpay.v2.secsvc.getrealnameinfo.post(xml=loose(asked))
    fields = sent(emulator)
    assert fields["cert_serialno"] == emulator.merchant_key.serial
    text = f"cert_serialno={fields['cert_serialno']}&timestamp={fields['timestamp']}"
    assert fields["cert_sign"] == openssl.signature(emulator.merchant_key.rsa_key, text)
    own = {"cert_serialno": fields["cert_serialno"], "timestamp": 1, "cert_sign": "AAAA"}
    with pytest.raises(APIError, match="cert_sign"):
        await wxpay.v2.secsvc.getrealnameinfo.post(xml=loose(asked, own))


async def test_the_simulation_system(emulator: Emulator, wxpay: WeChatPay) -> None:
    """Its key is asked for with the real one; a client that has it as its key talks to the simulation."""
    key = (await wxpay["v2/xdc/apiv2getsignkey/sign/getsignkey"].post(xml={})).xml()["sandbox_signkey"]
    assert key == sandbox_key(emulator.apiv2_key)
    simulated = client(emulator, apiv2_key=key)
    answer = await simulated.v2.xdc.apiv2sandbox.pay.orderquery.post(
        xml={"appid": "wx1", "out_trade_no": "A1", "transaction_id": "1"},
        headers={"Wechatpay-Negative-Test": "MICROPAY_PAY_QUERY_TIMEOUT"},
    )
    assert answer.verified


def test_pages(emulator: Emulator, wxpay: WeChatPay) -> None:
    """The address of a page is complete: merchant, signature, fragment, host; an unsigned one has no signature."""
    url = wxpay.page_url(wxpay.v2.papay.entrustweb, {"appid": "wx1", "plan_id": 12, "notify_url": "https://a/?b"})
    assert url.startswith(
        "https://api.mch.weixin.qq.com/papay/entrustweb?appid=wx1&plan_id=12&notify_url=https%3A%2F%2Fa%2F%3Fb"
    )
    assert url.endswith("#wechat_redirect")
    fields = {"appid": "wx1", "mch_id": emulator.mchid, "notify_url": "https://a/?b", "plan_id": "12"}
    assert f"sign={v2.sign(fields, emulator.apiv2_key)}" in url
    page = wxpay.page_url("v2/appauth/authindex", {"appid": "wx1"})
    assert page == f"https://payapp.weixin.qq.com/appauth/authindex?appid=wx1&mch_id={emulator.mchid}#wechat_redirect"
    assert "sign_type=HMAC-SHA256" in wxpay.page_url("v2/papay/h5entrustweb", {"appid": "wx1"})


@pytest.mark.parametrize("path", [None, 5, b"v2/papay/entrustweb", ["v2"]])
def test_what_is_no_path_of_a_page(wxpay: WeChatPay, path: Any) -> None:
    """What is neither a text nor a chain, such as a setting that is missing, is named and becomes no address."""
    with pytest.raises(ConfigurationError, match=r"^path: .* was found"):
        wxpay.page_url(path, {"appid": "wx1"})


@pytest.mark.parametrize("path", ["v3/pay/transactions/native", "/hk/v3/x", "global/v3/x", "brand/x", "v2/v3/x"])
def test_what_is_no_page(wxpay: WeChatPay, path: str) -> None:
    """A path of another interface isn't signed as a page of APIv2; one without its root is that of APIv2."""
    with pytest.raises(ConfigurationError, match=f"'{path}' is no page of APIv2"):
        wxpay.page_url(path, {"appid": "wx1"})
    with pytest.raises(ConfigurationError, match="is no page of APIv2"):
        wxpay.page_url(wxpay.v3.pay, {"appid": "wx1"})
    assert "sign=" in wxpay.page_url("papay/entrustweb", {"appid": "wx1"})


async def test_the_other_hosts(emulator: Emulator) -> None:
    """What lives on another host is sent there."""
    seen: list[str] = []
    network = AiohttpTransport()

    async def transport(request: Request) -> Response[Any]:
        seen.append(network.base_url_of(request))
        return await emulator(request)

    await client(emulator, transport).v2.risk.getpublickey.post(xml={})
    assert seen == ["https://fraud.mch.weixin.qq.com"]


@given(
    fields=st.dictionaries(
        st.from_regex(r"[a-z_]{1,10}", fullmatch=True).filter(lambda name: name not in {"sign", "sign_type", "mch_id"}),
        st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFD, min_codepoint=32)).map(str.strip),
        max_size=8,
    )
)
def test_no_value_adds_an_element(fields: dict[str, str]) -> None:
    """Whatever the values hold, `]]>` and tags included, they are read back as they were, and the signature fits."""
    fields = {name: value + "]]><sign>0</sign>" for name, value in fields.items()}
    given = parameters.texts(fields, (), "xml")
    complete = parameters.complete(given, parameters.Demands(), mchid="1", nonce="n", apiv2_key=KEY, argument="xml")
    read = v2.parse(v2.build(complete))
    assert read == complete
    v2.verify(read, KEY)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "NOTENOUGH"}, "rejected"),
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "PARAM_ERROR"}, "rejected"),
        ({"return_code": "FAIL", "err_code": "SIGN_ERROR"}, "rejected"),
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "MONEY_LIMIT"}, "rejected"),
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "ORDERPAID"}, "unknown"),
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "NEVERHEARDOF"}, "unknown"),
        ({"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "268458547"}, "unknown"),
        ({"return_code": "FAIL", "return_msg": "支付失败"}, "unknown"),
        ({"return_code": "FAIL", "return_msg": "签名错误"}, "rejected"),
        ({"return_code": "FAIL", "return_msg": "证书验证失败"}, "rejected"),
        ({"return_code": "FAIL", "return_msg": "签名错误", "err_code": "NEVERHEARDOF"}, "unknown"),
        (
            {
                "return_code": "SUCCESS",
                "result_code": "FAIL",
                "err_code": "PARAM_ERROR",
                "err_code_des": "更换了参数，但商户订单号未更换，请使用原单号原参数重试",
            },
            "unknown",
        ),
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/v2/mmpaymkttransfers/promotion/transfers",
        "/v2/mmpaymkttransfers/sendredpack",
        "/v2/mmpaysptrans/pay_bank",
        "/v2/secapi/pay/profitsharing",
        "/v2/secapi/pay/refund",
    ],
)
def test_a_payout_is_refused_by_a_known_code_alone(path: str, fields: dict[str, str], outcome: str) -> None:
    """Transfers, red packets, shares and refunds: any other answer leaves open whether money was paid.

    https://pay.weixin.qq.com/doc/v2/merchant/4011974053
    """
    assert api_error(Response(status=200, fields=fields), operation_of("POST", path)).outcome == outcome


@given(
    fields=st.dictionaries(st.sampled_from(["return_code", "result_code", "err_code", "error_code", "x"]), st.text())
)
def test_any_refusal_is_understood(fields: dict[str, str]) -> None:
    """Whatever the elements say, the outcome is one of two, and never "rejected" for a code that nobody knows."""
    error = refusal_v2.read(Response(status=200), fields)
    outcome = refusal_v2.outcome(error, accepted_on_429=False)
    assert outcome in {"unknown", "rejected"}
    assert type(error) is not APIError or not error.code or outcome == "unknown"
