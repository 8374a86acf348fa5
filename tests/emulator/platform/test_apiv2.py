"""APIv2's half of the emulator: what it refuses, in the platform's own form."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain import Request
from wechatpay_chain.emulator import Call, Emulator
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire import v2

ORDER = {"appid": "wx1", "out_trade_no": "A1", "transaction_id": "1", "nonce_str": "n"}


async def answered(emulator: Emulator, path: str, content: bytes, **changes: Any) -> dict[str, str]:
    """What a request is answered with."""
    response = await emulator.receive(Request(method="POST", template=path, body=content, **changes))
    assert response.status == 200
    return v2.parse(response.content)


def signed(emulator: Emulator, **changes: str) -> dict[str, str]:
    """A call's parameters, signed."""
    fields = {"mch_id": emulator.mchid, **ORDER, **changes}
    kind: Any = changes.get("sign_type", "MD5")
    return {**fields, "sign": v2.sign(fields, emulator.apiv2_key, kind if kind in {"MD5", "HMAC-SHA256"} else "MD5")}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mch_id": "1"}, "mch_id"),
        ({"nonce_str": ""}, "nonce_str"),
        ({"nonce_str": "n" * 33}, "nonce_str"),
        ({"sign_type": "SHA1"}, "sign_type"),
        ({"notify_url": "shop.example/notify"}, "notify_url"),
    ],
)
async def test_calls_that_are_not_taken_in(emulator: Emulator, changes: dict[str, str], said: str) -> None:
    """A wrong merchant, nonce, kind of signature or address: `return_code` FAIL, without a signature."""
    answer = await answered(emulator, "/pay/orderquery", v2.build(signed(emulator, **changes)))
    assert (answer["return_code"], "sign" in answer) == ("FAIL", False)
    assert said in answer["return_msg"]
    assert not emulator.calls


async def test_wrong_signature_and_no_xml(emulator: Emulator) -> None:
    """A signature over other parameters, and what is no XML, are named."""
    forged = v2.build({**signed(emulator), "out_trade_no": "A2"})
    assert (await answered(emulator, "/pay/orderquery", forged))["return_msg"] == "签名错误"
    assert (await answered(emulator, "/pay/orderquery", b"{}"))["return_msg"] == "XML格式错误"


async def test_the_certificate_is_asked_for(emulator: Emulator) -> None:
    """Where it is known that the certificate wasn't presented, the call is refused; where nobody knows, it passes."""
    content = v2.build(signed(emulator))
    refused = await answered(emulator, "/secapi/pay/reverse", content, security=False)
    assert "证书" in refused["return_msg"]
    assert (await answered(emulator, "/secapi/pay/reverse", content))["return_code"] == "SUCCESS"


async def test_parameters_are_held_against_the_catalogue(emulator: Emulator) -> None:
    """A missing parameter is a signed refusal of the business."""
    fields = {name: value for name, value in signed(emulator).items() if name not in {"appid", "sign"}}
    content = v2.build({**fields, "sign": v2.sign(fields, emulator.apiv2_key)})
    answer = await answered(emulator, "/pay/orderquery", content)
    assert (answer["return_code"], answer["result_code"], answer["err_code"]) == ("SUCCESS", "FAIL", "PARAM_ERROR")
    v2.verify(answer, emulator.apiv2_key)


async def test_bank_fields_must_be_encrypted(emulator: Emulator) -> None:
    """A card number in plain text is refused."""
    payment = {"partner_trade_no": "P1", "enc_bank_no": "6222", "enc_true_name": "x", "bank_code": "1", "amount": "1"}
    answer = await answered(emulator, "/mmpaysptrans/pay_bank", v2.build(signed(emulator, **payment)))
    assert answer["err_code"] == "PARAM_ERROR"


async def test_an_upload_with_another_digest(emulator: Emulator) -> None:
    """The picture must be the one whose digest was signed."""
    fields = {"mch_id": emulator.mchid, "media_hash": "0" * 32, "sign_type": "MD5"}
    fields["sign"] = v2.sign(fields, emulator.apiv2_key)
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    body = "".join([*parts, '--b\r\nContent-Disposition: form-data; name="media"; filename="a"\r\n\r\nx\r\n--b--\r\n'])
    headers = Headers({"Content-Type": "multipart/form-data; boundary=b"})
    answer = await answered(emulator, "/secapi/mch/uploadmedia", body.encode(), headers=headers)
    assert "media_hash" in answer["err_code_des"]


async def test_routes_of_ones_own(emulator: Emulator) -> None:
    """`on` takes APIv2's paths as a chain spells them; the function may be a coroutine function."""

    @emulator.on("POST", "/v2/pay/orderquery")
    async def query(call: Call) -> dict[str, Any]:
        assert call.xml is not None
        return {"result_code": "SUCCESS", "trade_state": "NOTPAY", "out_trade_no": call.xml["out_trade_no"]}

    answer = await answered(emulator, "/pay/orderquery", v2.build(signed(emulator)))
    assert (answer["trade_state"], answer["out_trade_no"]) == ("NOTPAY", "A1")
    v2.verify(answer, emulator.apiv2_key)
