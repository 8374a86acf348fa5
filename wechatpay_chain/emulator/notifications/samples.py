"""Sample resources for notifications that no event of the world has caused, made from the catalogue.

The notifications of payments, refunds, transfers and sharings, of which the catalogue lists the members of all their
variants, have a sample of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...catalogue.records import Fields
from ...catalogue.records import events as records
from ...errors import ConfigurationError
from ..platform.times import rfc3339
from ..products.synthetic import fill
from ..world import numbers
from .kinds import Kind

_APPID = "wx2421b1c4370ec43b"
_FEN = 29
# The fields of every successful message of APIv2; its signature is added when it is written.
_SUCCESS = {"return_code": "SUCCESS", "result_code": "SUCCESS", "return_msg": "OK"}
_SIGNATURES = ("sign", "sign_type")
_PAYMENT = ("TRANSACTION.SUCCESS", "transaction")
# Members of a partner's payments only.
_OF_PARTNERS = frozenset({"sp_appid", "sp_mchid", "sub_appid", "sub_mchid"})
_SUB_MCHID = "1900000110"


def sample(
    kind: Kind, mchid: str, now: float, given: Mapping[str, Any], told: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A resource of a kind of notification.

    Args:
        kind: what it is about.
        mchid: the merchant's number.
        now: the world's Unix time in seconds.
        given: members that replace the sample's; objects are merged.
        told: the members of a record of the world, in place of a sample.

    Raises:
        ConfigurationError: the kind has no such member.
    """
    fields = {name: field for name, field in _fields(kind).items() if name not in _SIGNATURES}
    made = told or _made(kind, fields, mchid, now)
    if told is None and (kind.event_type, kind.original_type) == _PAYMENT and _OF_PARTNERS & given.keys():
        made = _of_partner(made)
    known = {*made, *fields}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ConfigurationError(
            unknown[0], f"{kind.event_type} has no such member", f"Give some of {', '.join(sorted(known))}"
        )
    return _laid(made, given)


def _made(kind: Kind, fields: Fields, mchid: str, now: float) -> dict[str, Any]:
    make = _SAMPLES.get((kind.event_type, kind.original_type))
    return make(mchid, now) if make else fill(fields, {"mchid": mchid, "mch_id": mchid, **_SUCCESS}, now)


def _fields(kind: Kind) -> Fields:
    """The members of a kind's resource; of several variants, those of the first."""
    if kind.event.fields:
        return kind.event.fields
    record = next(found for found in records() if (found["gen"], found["id"]) == (kind.event.generation, kind.event.id))
    variants: list[Fields] = record["variants"]
    return variants[0]


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(below)
    for name, value in above.items():
        old = laid.get(name)
        laid[name] = _laid(old, value) if isinstance(old, dict) and isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]: JSON
    return laid


def _trade_no(now: float) -> str:
    return f"T{numbers.stamp(now)}{numbers.digits_of(6)}"


def _payment(mchid: str, now: float) -> dict[str, Any]:
    return {
        "appid": _APPID,
        "mchid": mchid,
        "out_trade_no": _trade_no(now),
        "transaction_id": numbers.transaction_id(now),
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "success_time": rfc3339(now),
        "payer": {"openid": numbers.openid()},
        "amount": {"total": _FEN, "payer_total": _FEN, "currency": "CNY", "payer_currency": "CNY"},
    }


def _of_partner(payment: Mapping[str, Any]) -> dict[str, Any]:
    """The same payment, made by a partner for one of its shops."""
    kept = {name: value for name, value in payment.items() if name not in {"appid", "mchid", "payer"}}
    parties = {"sp_appid": payment["appid"], "sp_mchid": payment["mchid"], "sub_mchid": _SUB_MCHID}
    return {**parties, **kept, "payer": {"sp_openid": payment["payer"]["openid"]}}


def _refund(status: str) -> Callable[[str, float], dict[str, Any]]:
    def refund(mchid: str, now: float) -> dict[str, Any]:
        done = {"success_time": rfc3339(now)} if status == "SUCCESS" else {}
        return {
            "mchid": mchid,
            "out_trade_no": _trade_no(now),
            "transaction_id": numbers.transaction_id(now),
            "out_refund_no": f"R{numbers.stamp(now)}{numbers.digits_of(6)}",
            "refund_id": numbers.refund_id(now),
            "refund_status": status,
            **done,
            "user_received_account": "支付用户零钱",
            "amount": {"total": _FEN, "refund": _FEN, "payer_total": _FEN, "payer_refund": _FEN},
        }

    return refund


def _transfer(mchid: str, now: float) -> dict[str, Any]:
    return {
        "mch_id": mchid,
        "out_bill_no": f"B{numbers.stamp(now)}{numbers.digits_of(6)}",
        "transfer_bill_no": numbers.transfer_bill_no(now),
        "state": "SUCCESS",
        "transfer_amount": 100,
        "openid": numbers.openid(),
        "create_time": rfc3339(now),
        "update_time": rfc3339(now),
    }


def _sharing(mchid: str, now: float) -> dict[str, Any]:
    return {
        "mchid": mchid,
        "transaction_id": numbers.transaction_id(now),
        "order_id": numbers.sharing_id(),
        "out_order_no": f"S{numbers.stamp(now)}{numbers.digits_of(6)}",
        "receiver": {"type": "MERCHANT_ID", "account": "1900000110", "amount": 10, "description": "分账"},
        "success_time": rfc3339(now),
    }


def _payment_v2(mchid: str, now: float) -> dict[str, Any]:
    return {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": _APPID,
        "mch_id": mchid,
        "openid": numbers.openid(),
        "trade_type": "NATIVE",
        "bank_type": "OTHERS",
        "total_fee": str(_FEN),
        "cash_fee": str(_FEN),
        "fee_type": "CNY",
        "transaction_id": numbers.transaction_id(now),
        "out_trade_no": _trade_no(now),
        "time_end": numbers.stamp(now),
    }


def _refund_v2(mchid: str, now: float) -> dict[str, Any]:
    return {
        "appid": _APPID,
        "mch_id": mchid,
        "transaction_id": numbers.transaction_id(now),
        "out_trade_no": _trade_no(now),
        "refund_id": numbers.refund_id(now),
        "out_refund_no": f"R{numbers.stamp(now)}{numbers.digits_of(6)}",
        "total_fee": str(_FEN),
        "refund_fee": str(_FEN),
        "settlement_refund_fee": str(_FEN),
        "refund_status": "SUCCESS",
        "success_time": rfc3339(now)[:19].replace("T", " "),
        "refund_recv_accout": "支付用户零钱",
        "refund_account": "REFUND_SOURCE_UNSETTLED_FUNDS",
        "refund_request_source": "API",
    }


_SAMPLES: Mapping[tuple[str, str], Callable[[str, float], dict[str, Any]]] = {
    _PAYMENT: _payment,
    ("TRANSACTION.SUCCESS", "profitsharing"): _sharing,
    ("PROFITSHARING.SUCCESS", "profitsharing"): _sharing,
    ("REFUND.SUCCESS", "refund"): _refund("SUCCESS"),
    ("REFUND.CLOSED", "refund"): _refund("CLOSED"),
    ("REFUND.ABNORMAL", "refund"): _refund("ABNORMAL"),
    ("MCHTRANSFER.BILL.FINISHED", "mch_payment"): _transfer,
    ("v2/transaction-success", ""): _payment_v2,
    ("v2/refund-processed", ""): _refund_v2,
}
