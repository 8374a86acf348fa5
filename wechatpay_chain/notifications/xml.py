"""APIv2 notifications: flat XML, signed with the APIv2 key, or with a part that is encrypted with it.

https://pay.weixin.qq.com/doc/v2/merchant/4011935221 (payment), 4011940955 (refund)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ..crypto.concealed import Concealed
from ..errors import ConfigurationError, DecodeError, SignatureError
from ..wire import v2
from .notification import XML_PREFIX, Notification
from .sealed import open_resource

_UNKNOWN = "unknown"
# What tells a kind: a field that no other kind has. The order matters for the last: contracts name transactions too.
_TELLING_FIELDS = {
    "req_info": "refund-processed",
    "combine_out_trade_no": "combined-transactions-success",
    "change_type": "pap-contract-state-changed",
    "risk_level": "transactions-risk-occurred",
    "vehicle_event_createtime": "vehicle-state-changed-for-parking",
    "transaction_id": "transaction-success",
}
_SUCCESSES = frozenset({"transaction-success", "combined-transactions-success"})
_MERCHANT_NUMBERS = ("mch_id", "mchid", "sp_mchid", "combine_mch_id", "combine_mchid", "sub_mch_id", "sub_mchid")
# The platform's number of a refund; without it, the other numbers together.
_REFUND_NUMBERS = (("refund_id",), ("out_refund_no", "out_trade_no", "transaction_id"))
# Differs between repetitions of a notification.
_FRESH_EACH_TIME = re.compile("(^|&)nonce_str=[^&]*")


def read(body: bytes, apiv2_key: Concealed[str], apiv3_key: Concealed[bytes] | None) -> Notification[dict[str, Any]]:
    """The notification in a body, verified and decrypted.

    A refund notice is unsigned: what stands in its `req_info` is all that can be believed. Its `id`, `create_time` and
    `resource` are made of that part alone; `raw`, the wrapping, is unauthenticated, its merchant number included. The
    protocol doesn't protect that part as a whole: of several that were recorded, a new one can be put together.

    The `id` is a digest of what is signed, so that no other wrapping of it gives a captured notice a new one.

    A payment notice whose `return_code`, `result_code` and, where it is there, `trade_state` aren't all `SUCCESS`, such
    as that of a failed deduction, is told as `unknown`.

    Raises:
        DecodeError: it isn't such a message; entities and document types are refused.
        SignatureError: it is unsigned, or its sign doesn't fit, or it is of an unknown kind and without what only the
            platform writes.
        DecryptionError: its encrypted part doesn't open.
        ConfigurationError: its encrypted part needs the APIv3 key, which isn't there.
    """
    fields = v2.parse(body)
    sealed = fields.get("req_info", "")
    if sealed:
        # A refund notice carries no sign; what only the key's owner can write is the part under that key.
        if "sign" in fields:
            v2.verify(fields, apiv2_key)
        resource: dict[str, Any] = dict(v2.parse(v2.open_req_info(sealed, apiv2_key)))
        return _refund(resource, fields)
    v2.verify(fields, apiv2_key)
    v2.check_notice(fields)
    if "event_ciphertext" in fields:
        return _event(_opened(fields, apiv3_key), fields)
    if _kind(fields) == _UNKNOWN and not (
        fields.get("return_code") and any(fields.get(name) for name in _MERCHANT_NUMBERS)
    ):
        # The merchant signs with the same key: every payer holds the signed parameters of a front end or a page, some
        # of which name the merchant; none has a return_code.
        raise SignatureError(
            "it is signed, but of no known kind and without return_code or merchant: it may be the merchant's own"
        )
    return _signed(fields)


def restore(body: bytes, resource: dict[str, Any]) -> Notification[dict[str, Any]]:
    """The notification that `read` made of a body, whose resource is known.

    Raises:
        DecodeError: as `read`.
    """
    fields = v2.parse(body)
    if fields.get("req_info"):
        return _refund(resource, fields)
    return _event(resource, fields) if "event_ciphertext" in fields else _signed(fields)


def _signed(fields: Mapping[str, str]) -> Notification[dict[str, Any]]:
    return Notification(
        id=_digest(_FRESH_EACH_TIME.sub("", v2.signed_text(fields))),
        event_type=XML_PREFIX + _kind(fields),
        create_time=fields.get("time_end", ""),
        resource=dict(fields),
        raw=fields,
    )


def _kind(fields: Mapping[str, str]) -> str:
    # Empty fields aren't covered by the sign: anyone could add them.
    kind = next((kind for field, kind in _TELLING_FIELDS.items() if fields.get(field)), _UNKNOWN)
    return _UNKNOWN if kind in _SUCCESSES and not _succeeded(fields) else kind


def _succeeded(fields: Mapping[str, str]) -> bool:
    told = fields.get("return_code"), fields.get("result_code"), fields.get("trade_state") or "SUCCESS"
    return told == ("SUCCESS", "SUCCESS", "SUCCESS")


def _opened(fields: Mapping[str, str], apiv3_key: Concealed[bytes] | None) -> dict[str, Any]:
    """What is sealed in an event."""
    if apiv3_key is None:
        raise ConfigurationError("apiv3_key", "this notification needs it", "Give it beside apiv2_key")
    if not fields.get("event_id"):
        raise DecodeError("the notification has no event_id")
    return open_resource(
        apiv3_key,
        algorithm=fields.get("event_algorithm", ""),
        nonce=fields.get("event_nonce", ""),
        ciphertext=fields["event_ciphertext"],
        associated_data=fields.get("event_associated_data", ""),
    )


def _event(resource: dict[str, Any], fields: Mapping[str, str]) -> Notification[dict[str, Any]]:
    return Notification(
        id=fields.get("event_id", ""),
        event_type=XML_PREFIX + fields.get("event_type", ""),
        create_time=fields.get("event_create_time", ""),
        resource=resource,
        raw=fields,
    )


def _refund(resource: dict[str, Any], fields: Mapping[str, str]) -> Notification[dict[str, Any]]:
    telling = next((names for names in _REFUND_NUMBERS if resource.get(names[0])), tuple(resource))
    identity = {name: resource[name] for name in (*telling, "refund_status") if name in resource}
    return Notification(
        id=_digest(v2.signed_text(identity)),
        event_type=XML_PREFIX + "refund-processed",
        create_time=resource.get("success_time", ""),
        resource=resource,
        raw=fields,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
