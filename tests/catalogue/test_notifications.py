"""The notifications of the catalogue."""

from __future__ import annotations

from wechatpay_chain.catalogue import events, find_events


def test_all_events():
    """All 112 notifications are there, each with its name and its official page."""
    assert len(events()) == 112
    assert all(event.name and event.pages[0].startswith("https://pay.weixin.qq.com/") for event in events())


def test_event_type_alone_is_not_unique():
    """TRANSACTION.SUCCESS is both a payment and a profit-sharing message; the original type tells them apart."""
    assert len(find_events("TRANSACTION.SUCCESS")) == 4
    assert [event.id for event in find_events("TRANSACTION.SUCCESS", "transaction")] == ["TRANSACTION.SUCCESS"]
    assert "PROFITSHARING.SUCCESS" in [event.id for event in find_events("TRANSACTION.SUCCESS", "profitsharing")]


def test_original_type_that_no_page_states():
    """An original type that is not documented leaves the notifications of which no page says what they carry."""
    found = find_events("SETTLEMENT.SUCCESS", "settlement")
    assert [event.event_types for event in found] == [("SETTLEMENT.SUCCESS",)]
    assert found[0].fields


def test_unknown():
    """An unknown event type finds nothing."""
    assert find_events("ZEBRA.SEEN") == ()
