"""What a call learns of its operation."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogue.fresh import run
from wechatpay_chain.catalogue import Operation, Rate, facts, find
from wechatpay_chain.catalogue.records import record

TEMPLATES = sorted((method, path) for path, methods in facts.paths().items() for method in methods)
# Two operations whose filled paths can't be told apart; the platform takes either number.
TWINS = {
    "/v3/apply4subject/applyment/{applyment_id}/cancel",
    "/v3/apply4subject/applyment/{business_code}/cancel",
}


def found(method: str, path: str) -> Operation:
    """The operation, which must be there."""
    operation = find(method, path)
    assert operation is not None, f"{method} {path}"
    return operation


def test_every_operation_is_there():
    """All 1,223 operations of the catalogue can be looked up by their own template."""
    assert len(TEMPLATES) == 1223
    assert all((operation := found(method, path)).path == path and operation.name for method, path in TEMPLATES)


def test_main_job():
    """The release of a ledger account knows its secrets, its limit and that it may be repeated."""
    operation = found("POST", "/v3/aggracct-bc/wb-channel/control-orders/recover")
    assert operation.name == "解除对微众台账的管控"
    assert operation.secret_fields == ("json.bal_account_no", "json.card_no")
    assert (operation.secret_key, operation.serial) == ("wechatpay", True)
    assert operation.rates == (Rate(n=200, per="min"),)
    assert operation.rates[0].seconds == 60
    assert operation.idempotent
    assert not operation.same_number


@given(st.sampled_from(TEMPLATES), st.data())
def test_filled_template_finds_itself(template: tuple[str, str], data: st.DataObject):
    """Whatever percent-encoded values stand in its placeholders, an operation is found, or a literal sibling."""
    method, path = template
    segments = [
        quote(data.draw(st.text(st.characters(codec="utf-8"), min_size=1)), safe="") if part.startswith("{") else part
        for part in path.split("/")
    ]
    reached = found(method, "/".join(segments)).path
    if reached != path and {reached, path} != TWINS:
        literal = [part for part in reached.split("/") if not part.startswith("{")]
        assert len(literal) > len([part for part in path.split("/") if not part.startswith("{")])


@given(st.sampled_from(TEMPLATES), st.from_regex(r"\{[a-z_]{1,9}\}", fullmatch=True))
def test_placeholder_names_do_not_matter(template: tuple[str, str], name: str):
    """A template whose placeholders have other names than the catalogue's finds the same operation."""
    method, path = template
    renamed = "/".join(name if part.startswith("{") else part for part in path.split("/"))
    assert found(method, renamed).path in {path, *(TWINS if path in TWINS else ())}


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/v3/refund/domestic/refunds/%2F%2e", "/v3/refund/domestic/refunds/{out_refund_no}"),
        ("POST", "/v3/ecommerce/applyments/", "/v3/ecommerce/applyments/"),
        ("GET", "/v3/ecommerce/applyments/17", "/v3/ecommerce/applyments/{applyment_id}"),
        ("POST", "/v2/secapi/mch/addInstitutionsub", "/v2/secapi/mch/addInstitutionsub"),
        ("GET", "/hk/v3/refunds/id/50", "/hk/v3/refunds/id/{refund_id}"),
        (
            "POST",
            "/v3/apply4subject/applyment/{business_code}/cancel",
            "/v3/apply4subject/applyment/{business_code}/cancel",
        ),
    ],
)
def test_look_up(method: str, path: str, template: str):
    """Values, trailing slashes, capitals, other roots and twins lead to the right template."""
    assert found(method, path).path == template


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v3/ecommerce/applyments"),
        ("GET", "/v3/refund/domestic/refunds/"),
        ("DELETE", "/v3/refund/domestic/refunds"),
        ("POST", "/pay/unifiedorder"),
        ("POST", "v3/pay/transactions/native"),
        ("GET", "/v3/not-yet-known"),
        ("GET", ""),
        ("GET", "/"),
    ],
)
def test_unknown(method: str, path: str):
    """A missing slash, an extra one, another verb or an unknown path is not an operation."""
    assert find(method, path) is None


def test_literal_sibling_without_the_verb_leaves_the_placeholder():
    """A literal segment wins only where it has the verb."""
    assert found("GET", "/v3/bill/sub-merchant-fundflowbill").path == "/v3/bill/sub-merchant-fundflowbill"
    for method, path in TEMPLATES:
        reached = found(method, path.replace("{", "").replace("}", ""))
        assert reached.method == method


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("GET /hk/v3/statements", {"answer": "file", "answer_signature": "sha1-header", "deprecated": True}),
        ("GET /v3/billdownload/file", {"answer": "file", "answer_signature": "none"}),
        (
            "POST /v2/secapi/pay/refund",
            {"certificate": True, "same_number": True, "accepted_on_429": True, "pays_out": True},
        ),
        ("POST /v3/refund/domestic/refunds", {"accepted_on_429": True, "idempotent": False, "pays_out": True}),
        ("POST /v3/fund-app/mch-transfer/transfer-bills", {"accepted_on_429": False, "pays_out": True}),
        ("GET /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}", {"pays_out": False}),
        ("POST /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel", {"pays_out": False}),
        ("POST /v2/mmpaymkttransfers/sendredpack", {"certificate": True, "pays_out": True}),
        ("POST /v2/mmpaymkttransfers/gethbinfo", {"pays_out": False}),
        ("POST /v3/pay/transactions/native", {"pays_out": False}),
        ("POST /v2/risk/getpublickey", {"host": "fraud.mch.weixin.qq.com", "answer_signature": "none"}),
        (
            "POST /v2/mmpaysptrans/pay_bank",
            {"secret_key": "bankpay", "secret_fields": ("xml.enc_bank_no", "xml.enc_true_name"), "serial": False},
        ),
        (
            "POST /v3/profitsharing/orders",
            {"secret_fields": ("json.receivers[].name",), "secret_key": "wechatpay", "serial": True},
        ),
        (
            "POST /v3/merchant/media/upload",
            {"file_part": "file", "file_name_field": "filename", "digest_field": "sha256", "digest": "sha256"},
        ),
        (
            "POST /v3/new-tax-control-fapiao/fapiao-applications/upload-fapiao-file",
            {"file_name_field": None, "digest": "sm3", "digest_label": ("digest_alogrithm", "SM3")},
        ),
        (
            "POST /v3/global/merchant-storage/file/upload",
            {"digest_field": "digest", "digest": "sha256"},
        ),
        ("POST /v2/secapi/mch/uploadmedia", {"file_part": "media", "digest_field": "media_hash", "digest": "md5"}),
        ("POST /v2/pay/micropay", {"sign_types": ("MD5", "HMAC-SHA256")}),
        ("GET /hk/v3/refunds", {"successors": ("GET /v3/global/refunds",)}),
        ("GET /v2/papay/entrustweb", {"answer": "redirect", "fragment": "wechat_redirect", "answer_signature": "none"}),
    ],
)
def test_facts(key: str, expected: dict[str, object]):
    """The facts of some operations, each unusual in its way."""
    operation = found(*key.split(" "))
    assert {name: getattr(operation, name) for name in expected} == expected


PAYOUT_NUMBERS = {"out_bill_no", "out_batch_no", "out_refund_no", "out_return_no", "out_subsidy_no"}
PAYS_NOTHING = ("receipt", "elecsign", "notify")


def test_what_pays_money_out():
    """All that may leave a refund open on 429, and all that takes a number of a transfer, refund, return or subsidy."""
    paying = {operation.path for key in TEMPLATES if (operation := found(*key)).pays_out}
    assert len(paying) == 68
    assert {found("POST", path).method for path in paying} == {"POST"}
    for key in TEMPLATES:
        operation = found(*key)
        numbers = PAYOUT_NUMBERS & record(*key).get("params", {}).get("json", {}).keys()
        is_payout = bool(numbers) and not any(word in operation.path for word in PAYS_NOTHING)
        if operation.accepted_on_429 or is_payout:
            assert operation.pays_out, key


def test_all_secret_fields_are_known():
    """The 123 operations with secret request fields are there, and every one names its key."""
    sealed = [operation for key in TEMPLATES if (operation := found(*key)).secret_fields]
    assert len(sealed) == 123
    assert all(operation.secret_key for operation in sealed)


def test_import_is_free():
    """Importing the catalogue imports no aiohttp and opens no data file."""
    program = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import wechatpay_chain.catalogue\n"
        "assert 'aiohttp' not in sys.modules\n"
        "assert not [name for name in opened if name.endswith(('.json', '.jsonl'))], opened\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


MEASURED = """
import json, tracemalloc
from wechatpay_chain.catalogue import find
tracemalloc.start()
find("GET", "/v3/pay/transactions/id/42")
print(json.dumps([tracemalloc.get_traced_memory()[1]]))
"""


def test_memory():
    """What a look-up needs takes less than 5 MB."""
    assert run(MEASURED)[0] < 5e6
