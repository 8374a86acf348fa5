"""`Message`: what is stored of a notification, and the notification that comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

import pytest

from tests.notifications.sender import APIV3_KEY, notify, refund, webhook, xml
from wechatpay_chain import Notification
from wechatpay_chain.crypto import aead
from wechatpay_chain.errors import DecodeError
from wechatpay_chain.notifications.inbox import Message, business_number

V2_PAYMENT = {"return_code": "SUCCESS", "result_code": "SUCCESS", "transaction_id": "42", "out_trade_no": "A1"}


def message_of(headers: dict[str, str], body: bytes) -> tuple[Notification[Any], Message]:
    """A notification, and what is stored of it."""
    notification = webhook().open(headers, body)
    return notification, Message.of(notification, headers, body, key=attrgetter("id"))


def event() -> bytes:
    """An event of APIv2, which is sealed as those of APIv3 are."""
    sealed = aead.encrypt(APIV3_KEY.encode(), b"0123456789ab", b'{"out_trade_no":"A1"}', b"")
    fields = {"event_id": "E1", "event_type": "COUPON.USE", "event_nonce": "0123456789ab", "event_ciphertext": sealed}
    return xml({**fields, "event_algorithm": "AEAD_AES_256_GCM"})


every_generation = pytest.mark.parametrize(
    "send",
    [
        notify,
        lambda: ({}, xml(V2_PAYMENT)),
        lambda: ({}, refund({"out_refund_no": "R1", "out_trade_no": "A1", "refund_id": "5"})),
        lambda: ({}, event()),
    ],
    ids=["v3", "v2", "v2 refund", "v2 event"],
)


@every_generation
def test_the_notification_comes_back(send: Callable[[], tuple[dict[str, str], bytes]]) -> None:
    """What a handler gets from the inbox equals what it gets at once."""
    notification, message = message_of(*send())
    assert message.notification() == notification
    assert message.number == "A1"


@every_generation
@pytest.mark.parametrize(
    "changed",
    [
        {"event_type": "REFUND.SUCCESS", "original_type": "refund", "summary": "退款成功"},
        {"event_type": "v2/refund-processed", "id": "EV-2", "create_time": "", "resource_type": ""},
    ],
)
def test_what_stands_beside_the_content_counts_for_nothing(
    send: Callable[[], tuple[dict[str, str], bytes]], changed: dict[str, Any]
) -> None:
    """Whoever can write to the table, and not to what is sealed, can't make one notification look like another."""
    notification, message = message_of(*send())
    assert replace(message, **changed).notification() == notification


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id":"EV-1"}', b'{"id":"","resource":{}}', b"<xml"])
def test_a_body_that_is_no_notification_is_told(body: bytes) -> None:
    """What isn't what came is no notification."""
    with pytest.raises(DecodeError):
        replace(message_of(*notify())[1], body=body).notification()


def test_only_signing_headers_are_stored() -> None:
    """Cookies and the headers of proxies have no place in the database."""
    headers, body = notify()
    message = message_of({**headers, "Cookie": "secret"}, body)[1]
    assert set(message.headers) == {name for name in headers if name.startswith("Wechatpay-")}
    assert "secret" not in repr(message)


def test_keys_of_apiv2_are_told_apart() -> None:
    """They are remembered longer than the platform repeats them, as in `Seen`."""
    assert message_of(*notify())[1].key == "EV-1"
    assert message_of({}, xml(V2_PAYMENT))[1].key.startswith("v2/")


@pytest.mark.parametrize(
    ("resource", "number"),
    [
        ({"out_trade_no": "A1", "out_refund_no": "R1", "refund_id": "5"}, "A1"),
        ({"combine_out_trade_no": "P1", "sub_orders": []}, "P1"),
        ({"out_bill_no": "B1", "transfer_bill_no": "T"}, "B1"),
        ({"out_trade_no": "", "complaint_id": "C1"}, "C1"),
        ({"out_trade_no": 7}, "EV-1"),
        ({"code": "x"}, "EV-1"),
    ],
)
def test_business_numbers(resource: dict[str, Any], number: str) -> None:
    """A refund belongs to its order; what has no number of a shop's stands alone."""
    assert business_number(webhook().open(*notify(resource=resource))) == number
