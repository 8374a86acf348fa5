"""`Message`: a verified notification as an inbox stores it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Self

from ...http.value import frozen
from .. import sealed
from ..body import is_xml
from ..headers import HeaderSource, signature_headers
from ..notification import XML_PREFIX, Notification
from ..seen import V2_KEYS

# The number by which a shop knows an order, the widest first: a refund's notification names its order too.
_NUMBERS = (
    "out_trade_no",
    "combine_out_trade_no",
    "out_order_no",
    "out_refund_no",
    "out_bill_no",
    "out_batch_no",
    "out_contract_code",
    "contract_code",
    "out_request_no",
    "out_recharge_no",
    "out_budget_no",
    "out_authorization_no",
    "out_apply_no",
    "out_applyment_id",
    "merchant_sign_plan_no",
    "fapiao_apply_id",
    "complaint_id",
    "transaction_id",
    "refund_id",
    "contract_id",
    "record_id",
)


def business_number(notification: Notification[Any]) -> str:
    """The number of the order, transfer or contract that a notification is about; else the notification's own."""
    resource = notification.resource
    return next((value for name in _NUMBERS if isinstance(value := resource.get(name), str) and value), notification.id)


@frozen(kw_only=True)
class Message:
    """A verified notification, with all that is needed to handle it later and to prove that it came.

    Attributes:
        key: the same for all repetitions of it.
        number: the business number; messages of one number are handled in the order in which they came.
        id: the notification's own number.
        event_type: such as `TRANSACTION.SUCCESS`.
        original_type: what kind of resource it is; None where the platform doesn't say.
        create_time: when the platform made it, as it writes it.
        resource_type: `encrypt-resource`; empty for APIv2.
        summary: a short text for people.
        headers: those that carry its signature.
        body: the bytes that came.
        resource: the decrypted resource.
    """

    key: str
    number: str
    id: str
    event_type: str
    original_type: str | None = None
    create_time: str = ""
    resource_type: str = ""
    summary: str = ""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    resource: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(
        cls,
        notification: Notification[Any],
        headers: HeaderSource,
        body: bytes,
        *,
        key: Callable[[Notification[Any]], str],
        number: Callable[[Notification[Any]], str] = business_number,
    ) -> Self:
        """The message of a notification that `Webhook.open` has verified.

        Args:
            notification: what `open` returned.
            headers: the request's headers, as for `open`.
            body: the request's body.
            key: returns the same for all repetitions of one notification.
            number: returns its business number.
        """
        own = key(notification)
        return cls(
            key=V2_KEYS + own if notification.event_type.startswith(XML_PREFIX) else own,
            number=number(notification),
            id=notification.id,
            event_type=notification.event_type,
            original_type=notification.original_type,
            create_time=notification.create_time,
            resource_type=notification.resource_type,
            summary=notification.summary,
            headers=signature_headers(headers),
            body=body,
            resource=notification.resource,
        )

    def notification(self) -> Notification[dict[str, Any]]:
        """The notification again, as `Webhook.open` returned it: of the body and the resource alone.

        Raises:
            DecodeError: the body isn't the JSON or XML that came.
        """
        if is_xml(self.body):
            from .. import xml

            return xml.restore(self.body, dict(self.resource))
        return sealed.restore(self.body, dict(self.resource))
