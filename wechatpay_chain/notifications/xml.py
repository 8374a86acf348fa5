"""APIv2 notifications: flat XML, signed with the APIv2 key, or with a part that only this key opens.

https://pay.weixin.qq.com/doc/v2/merchant/4011935221 (payment), 4011940955 (refund)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..crypto import digest
from ..errors import ConfigurationError
from ..wire import v2
from .notification import XML_PREFIX, Notification
from .sealed import open_resource

# What tells a kind: a field that no other kind has. The order matters for the last: contracts name transactions too.
_TELLING_FIELDS = {
    "req_info": "refund-processed",
    "combine_out_trade_no": "combined-transactions-success",
    "change_type": "pap-contract-state-changed",
    "risk_level": "transactions-risk-occurred",
    "plate_number": "vehicle-state-changed-for-parking",
    "transaction_id": "transaction-success",
}
# Different each time that the same notification is sent.
_FRESH_EACH_TIME = frozenset({"nonce_str", "sign", "event_nonce", "event_ciphertext", "req_info"})


def read(body: bytes, apiv2_key: str, apiv3_key: bytes | None) -> Notification[dict[str, Any]]:
    """The notification in a body, verified and decrypted.

    Raises:
        DecodeError: it isn't such a message; entities and document types are refused.
        SignatureError: it is unsigned, or its sign doesn't fit.
        DecryptionError: its encrypted part doesn't open.
        ConfigurationError: its encrypted part needs the APIv3 key, which isn't there.
    """
    fields = v2.parse(body)
    sealed = fields.get("req_info", "")
    if sealed:
        # A refund notice carries no sign; what only the key's owner can write is the part under that key.
        if "sign" in fields:
            v2.verify(fields, apiv2_key)
        resource: dict[str, Any] = dict(v2.parse(digest.decrypt_ecb(apiv2_key, sealed)))
        # Whatever stands outside of that part could be written anew around it, so an unsigned identifier tells nothing.
        return _notification("refund-processed", resource, fields, trusted=fields if "sign" in fields else resource)
    v2.verify(fields, apiv2_key)
    if "event_ciphertext" in fields:
        return _notification(fields.get("event_type", ""), _open_event(fields, apiv3_key), fields, trusted=fields)
    return _notification(_kind(fields), dict(fields), fields, trusted=fields)


def _kind(fields: Mapping[str, str]) -> str:
    return next((kind for field, kind in _TELLING_FIELDS.items() if field in fields), "unknown")


def _open_event(fields: Mapping[str, str], apiv3_key: bytes | None) -> dict[str, Any]:
    if apiv3_key is None:
        raise ConfigurationError("apiv3_key", "this notification needs it", "Give it beside apiv2_key")
    return open_resource(
        apiv3_key,
        algorithm=fields.get("event_algorithm", ""),
        nonce=fields.get("event_nonce", ""),
        ciphertext=fields["event_ciphertext"],
        associated_data=fields.get("event_associated_data", ""),
    )


def _notification(
    kind: str, resource: dict[str, Any], fields: Mapping[str, str], *, trusted: Mapping[str, Any]
) -> Notification[dict[str, Any]]:
    return Notification(
        id=trusted.get("event_id") or _digest(kind, resource),
        event_type=XML_PREFIX + kind,
        create_time=trusted.get("event_create_time") or trusted.get("time_end", ""),
        resource=resource,
        raw=fields,
    )


def _digest(kind: str, resource: Mapping[str, Any]) -> str:
    lasting = sorted((name, str(value)) for name, value in resource.items() if name not in _FRESH_EACH_TIME)
    return hashlib.sha256(repr((kind, lasting)).encode("utf-8", "surrogatepass")).hexdigest()
