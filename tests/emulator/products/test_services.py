"""Payscore, complaints and applications of sub-merchants: their main states."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.clock import Clock
from tests.emulator.products.test_orders import order, refused
from wechatpay_chain import APIError, Secret, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products import phone
from wechatpay_chain.emulator.world.announcements import ANNOUNCEMENTS


@pytest.fixture
def wxpay(both: Emulator, clock: Clock) -> Any:
    """A client in the emulator's process."""
    return WeChatPay(**both.credentials(), transport=both, clock=clock)


def service(number: str = "S1", **members: Any) -> Any:
    """A complete payload of a payscore order."""
    return {
        "out_order_no": number,
        "appid": "wx1",
        "service_id": "500001",
        "service_introduction": "umbrella",
        "time_range": {"start_time": "OnAccept"},
        "risk_fund": {"name": "DEPOSIT", "amount": 10000},
        "notify_url": "https://shop.example/score",
        **members,
    }


async def score(wxpay: Any, number: str = "S1") -> Any:
    """A payscore order as a query tells it."""
    params = {"out_order_no": number, "service_id": "500001", "appid": "wx1"}
    return (await wxpay.v3.payscore.serviceorder.get(params=params)).json()


async def test_a_service(wxpay: Any, both: Emulator) -> None:
    """It is made, confirmed on the phone, completed and paid; each step is told."""
    orders = wxpay.v3.payscore.serviceorder
    made = (await orders.post(json=service())).json()
    assert (made["state"], bool(made["package"])) == ("CREATED", True)
    assert await refused(orders.post(json=service(service_introduction="bike"))) == "400 RESOURCE_ALREADY_EXISTS"
    ending: Any = {"appid": "wx1", "service_id": "500001", "post_payments": [{"name": "rent", "amount": 150}]}
    complete = wxpay["v3/payscore/serviceorder/{out_order_no}/complete"]
    ending |= {"total_amount": 150, "time_range": {"end_time": "20270116000000"}}
    assert await refused(complete.post(out_order_no="S1", json=ending)) == "400 INVALID_ORDER_STATE"
    phone.confirm_service(both.world, "S1")
    assert (await score(wxpay))["state_description"] == "USER_CONFIRM"
    wrong = complete.post(out_order_no="S1", json=ending | {"total_amount": 149})
    assert await refused(wrong) == "400 PARAM_ERROR"
    assert (await complete.post(out_order_no="S1", json=ending)).json()["state_description"] == "MCH_COMPLETE"
    assert (await score(wxpay))["collection"]["state"] == "USER_PAYING"
    both.advance(seconds=5)
    done = await score(wxpay)
    assert (done["state"], done["collection"]["state"], done["collection"]["paid_amount"]) == ("DONE", "USER_PAID", 150)
    told = [announcement.event_type for announcement in both.world.of(ANNOUNCEMENTS)]
    assert told == ["PAYSCORE.USER_CONFIRM", "PAYSCORE.USER_PAID"]


async def test_services_that_are_not_used(wxpay: Any, both: Emulator) -> None:
    """One is cancelled, one is forgotten, one was never made."""
    for number in ("S1", "S2"):
        await wxpay.v3.payscore.serviceorder.post(json=service(number))
    cancel = wxpay["v3/payscore/serviceorder/{out_order_no}/cancel"]
    for _ in range(2):
        await cancel.post(out_order_no="S1", json={"appid": "wx1", "service_id": "500001", "reason": "rain"})
    both.advance(days=31)
    assert [(await score(wxpay, number))["state"] for number in ("S1", "S2")] == ["REVOKED", "EXPIRED"]
    assert await refused(score(wxpay, "S3")) == "404 ORDER_NOT_EXIST"


async def test_a_partners_service(wxpay: Any, both: Emulator) -> None:
    """A partner's service is its sub-merchant's: told and found under that number only, completed or cancelled once."""
    base, sub = "v3/payscore/partner/serviceorder", {"sub_mchid": "1900000201"}
    other = {"sub_mchid": "1900000202"}
    for number in ("S1", "S2"):
        made = (await wxpay[base].post(json=service(number, **sub))).json()
        assert (made["sub_mchid"], made["state"]) == ("1900000201", "CREATED")
    named: Any = {"service_id": "500001", "out_order_no": "S1"}
    assert await refused(wxpay[base].get(params=named | other)) == "404 ORDER_NOT_EXIST"
    assert await refused(score(wxpay, "S1")) == "404 ORDER_NOT_EXIST"
    phone.confirm_service(both.world, "S1")
    ending: Any = {"service_id": "500001", "post_payments": [{"name": "rent", "amount": 150}], "total_amount": 150}
    complete = wxpay[f"{base}/{{out_order_no}}/complete"]
    assert await refused(complete.post(out_order_no="S1", json=ending | other)) == "404 ORDER_NOT_EXIST"
    for _ in range(2):
        assert (await complete.post(out_order_no="S1", json=ending | sub)).status == 204
    both.advance(seconds=5)
    done = (await wxpay[base].get(params=named | sub)).json()
    assert (done["state"], done["collection"]["state"]) == ("DONE", "USER_PAID")
    cancel = wxpay[f"{base}/{{out_order_no}}/cancel"]
    why: Any = {"service_id": "500001", "reason": "rain"}
    assert (await cancel.post(out_order_no="S2", json=why | sub)).status == 204
    assert await refused(cancel.post(out_order_no="S1", json=why | sub)) == "400 INVALID_ORDER_STATE"


async def test_a_complaint(wxpay: Any, both: Emulator) -> None:
    """It is made on the phone, listed, answered and completed; the history grows and the phone number is sealed."""
    await wxpay["v3/merchant-service/complaint-notifications"].post(json={"url": "https://shop.example/complaints"})
    await wxpay.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    made = phone.complain(both.world, "A1", "cold")
    listed = await wxpay["v3/merchant-service/complaints-v2"].get(
        params={"begin_date": "2027-01-01", "end_date": "2027-01-31"}
    )
    (found,) = listed.json()["data"]
    assert (found["complaint_id"], found["complaint_state"]) == (made.complaint_id, "PENDING")
    path = wxpay["v3/merchant-service/complaints-v2/{complaint_id}"]
    complete = wxpay["v3/merchant-service/complaints-v2/{complaint_id}/complete"]
    ending = {"complainted_mchid": both.mchid}
    assert await refused(complete.post(complaint_id=made.complaint_id, json=ending)) == "400 INVALID_REQUEST"
    respond = wxpay["v3/merchant-service/complaints-v2/{complaint_id}/response"]
    await respond.post(complaint_id=made.complaint_id, json=ending | {"response_content": "sorry"})
    await complete.post(complaint_id=made.complaint_id, json=ending)
    detail = (await path.get(complaint_id=made.complaint_id)).json()
    assert (detail["complaint_state"], detail["payer_phone"]) == ("PROCESSED", "13800000000")
    history = wxpay["v3/merchant-service/complaints-v2/{complaint_id}/negotiation-historys"]
    log = (await history.get(complaint_id=made.complaint_id)).json()["data"]
    assert [entry["operate_type"] for entry in log] == [
        "MERCHANT_CONFIRM_COMPLETE",
        "MERCHANT_RESPONSE",
        "USER_CREATE_COMPLAINT",
    ]
    told = [(one.event_type, one.notify_url) for one in both.world.of(ANNOUNCEMENTS)][1:]
    assert told == [
        (kind, "https://shop.example/complaints")
        for kind in ("COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE", "COMPLAINT.STATE_CHANGE")
    ]


async def test_complaints_about_money(wxpay: Any, both: Emulator) -> None:
    """An immediate answer counts once, a refund is approved or refused, and nothing follows the end."""
    await wxpay.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    made = phone.complain(both.world, "A1", "cold")
    base = "v3/merchant-service/complaints-v2/{complaint_id}"
    answer, decide = wxpay[f"{base}/response-immediate-service"], wxpay[f"{base}/update-refund-progress"]
    said = {"blocks": [{"type": "TEXT", "text": {"text": "at once"}}]}
    body: Any = {"complainted_mchid": both.mchid, "idempotent_id": "I1", "message": said}
    for _ in range(2):
        assert (await answer.post(complaint_id=made.complaint_id, json=body)).json() == {"log_id": "I1"}
    await decide.post(complaint_id=made.complaint_id, json={"action": "REJECT", "reject_reason": "eaten"})
    await decide.post(complaint_id=made.complaint_id, json={"action": "APPROVE", "launch_refund_day": 1})
    log = (await wxpay[f"{base}/negotiation-historys"].get(complaint_id=made.complaint_id)).json()["data"]
    assert [(entry["operate_type"], entry["operate_details"]) for entry in reversed(log)] == [
        ("USER_CREATE_COMPLAINT", "cold"),
        ("MERCHANT_RESPONSE", "at once"),
        ("MERCHANT_REFUSE_RERUND", "eaten"),
        ("MERCHANT_APPROVE_REFUND", ""),
    ]
    await wxpay[f"{base}/complete"].post(complaint_id=made.complaint_id, json={"complainted_mchid": both.mchid})
    late = answer.post(complaint_id=made.complaint_id, json=body | {"idempotent_id": "I2"})
    assert await refused(late) == "400 INVALID_REQUEST"
    late = decide.post(complaint_id=made.complaint_id, json={"action": "REJECT"})
    assert await refused(late) == "400 INVALID_REQUEST"


async def test_complaint_addresses(wxpay: Any) -> None:
    """An address is set, changed, told and deleted; a second one is refused."""
    path = wxpay["v3/merchant-service/complaint-notifications"]
    assert await refused(path.get()) == "404 RESOURCE_NOT_EXISTS"
    await path.post(json={"url": "https://a.example/x"})
    assert await refused(path.post(json={"url": "https://b.example/x"})) == "400 RESOURCE_ALREADY_EXISTS"
    await path.put(json={"url": "https://b.example/x"})
    assert (await path.get()).json()["url"] == "https://b.example/x"
    assert (await path.delete()).status == 204


def application(name: str = "tea", **subject: Any) -> Any:
    """A complete application of a company."""
    secret = Secret("x")
    card = {"id_card_copy": "m", "id_card_national": "m", "id_card_name": secret, "id_card_number": secret}
    card |= {"card_period_begin": "2020-01-01", "card_period_end": "2030-01-01"}
    licence = {"license_copy": "m", "license_number": "9144", "merchant_name": "t", "legal_person": "z"}
    return {
        "business_code": "C1",
        "contact_info": {
            "contact_type": "LEGAL",
            "contact_name": secret,
            "mobile_phone": secret,
            "contact_email": secret,
        },
        "subject_info": {
            "subject_type": "SUBJECT_TYPE_ENTERPRISE",
            "business_license_info": licence,
            "identity_info": {"id_doc_type": "IDENTIFICATION_TYPE_IDCARD", "id_card_info": card},
            **subject,
        },
        "business_info": {
            "merchant_shortname": name,
            "service_phone": "1",
            "sales_info": {"sales_scenes_type": ["SALES_SCENES_STORE"]},
        },
        "settlement_info": {},
        "bank_account_info": {
            "bank_account_type": "BANK_ACCOUNT_TYPE_CORPORATE",
            "account_name": secret,
            "account_bank": "b",
            "bank_address_code": "110000",
        },
    }


async def test_an_application(wxpay: Any, both: Emulator) -> None:
    """A company without an office's certificate is taken, audited, signed and finished, and has a number then."""
    made = (await wxpay["v3/applyment4sub/applyment/"].post(json=application())).json()
    path = wxpay["v3/applyment4sub/applyment/applyment_id/{applyment_id}"]
    seen = []
    for _ in range(5):
        told = (await path.get(applyment_id=str(made["applyment_id"]))).json()
        seen.append((told["applyment_state"].removeprefix("APPLYMENT_STATE_"), "sub_mchid" in told))
        both.advance(minutes=1, seconds=1)
    assert seen == [
        ("AUDITING", False),
        ("TO_BE_CONFIRMED", False),
        ("TO_BE_SIGNED", True),
        ("SIGNING", True),
        ("FINISHED", True),
    ]


async def test_a_rejected_application(wxpay: Any, both: Emulator) -> None:
    """A rejection says why; the same code is handed in again."""
    apply = wxpay["v3/applyment4sub/applyment/"]
    made = (await apply.post(json=application("emulator:REJECTED"))).json()
    both.advance(minutes=2)
    path = wxpay["v3/applyment4sub/applyment/business_code/{business_code}"]
    assert (await path.get(business_code="C1")).json()["audit_detail"][0]["field"] == "merchant_shortname"
    assert (await apply.post(json=application())).json() == made
    assert (await path.get(business_code="C1")).json()["applyment_state"] == "APPLYMENT_STATE_AUDITING"
    office = application(subject_type="SUBJECT_TYPE_GOVERNMENT")
    assert await refused(apply.post(json=office)) == "400 PARAM_ERROR"


async def test_uploads(wxpay: Any) -> None:
    """The same picture has the same number, another one another."""
    upload = wxpay.v3.merchant.media.upload
    first, again, other = [
        (await upload.post(file=content, meta={"filename": "a.jpg"})).json()["media_id"]
        for content in (b"1", b"1", b"2")
    ]
    assert first == again != other


@pytest.mark.parametrize("path", ["complaints-v2", "complaints-v2/{complaint_id}/negotiation-historys"])
@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"offset": -1}, "offset"),
        ({"offset": "9" * 5000}, "offset"),
        ({"limit": 0}, "limit"),
        ({"limit": 51}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
    ],
)
async def test_pages_that_there_are_not(
    wxpay: Any, both: Emulator, path: str, params: dict[str, Any], field: str
) -> None:
    """A page outside of the limits is refused as the platform does, by the parameter's name; a number of any length."""
    await wxpay.v3.pay.transactions.native.post(json=order())
    both.pay("A1")
    made = phone.complain(both.world, "A1", "cold")
    values = {"complaint_id": made.complaint_id} if "{" in path else {}
    days = {} if values else {"begin_date": "2027-01-01", "end_date": "2027-01-31"}
    get = wxpay[f"v3/merchant-service/{path}"].get
    with pytest.raises(APIError, match="PARAM_ERROR") as raised:
        await get(**values, params=days | params)
    assert raised.value.detail["field"] == field
    last = (await get(**values, params=days | {"offset": 1, "limit": 50})).json()
    assert (last["data"], last["offset"], last["limit"]) == ([], 1, 50)
