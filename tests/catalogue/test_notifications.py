"""The notifications of the catalogue."""

from __future__ import annotations

from wechatpay_chain.catalogue import events, find_events


def test_all_events():
    """All 118 notifications are there, each with its name, and its official page unless it is derived."""
    assert len(events()) == 118
    assert all(event.name for event in events())
    assert all(event.pages or event.derived for event in events())
    assert all(page.startswith("https://pay.weixin.qq.com/") for event in events() for page in event.pages)


def test_a_brands_notifications():
    """Beside each notification of a service provider about a brand is the brand's own, without the brand's number."""
    pairs = {event.id.replace("_SP.", "."): event for event in events() if "_SP." in event.id}
    assert len(pairs) == 6
    for name, provider in pairs.items():
        (own,) = find_events(name)
        assert own.fields == {field: facts for field, facts in provider.fields.items() if field != "brand_id"}
    assert [name for name in pairs if not find_events(name)[0].derived] == ["BRAND_MEMBER_CARD.SYNC_USER_POINT"]


def test_redirected_names():
    """A name that the site redirects from is the notification that it redirects to."""
    for old, new in (
        ("DELIVERY_PLAN_STATE.DELIVER", "DELIVERY_PLAN.CHANGE"),
        ("MEMBERCARDSP.USER_CARD.CREATE", "BRAND_MEMBER_CARD_SP.USER_CARD.CREATE"),
        ("MEMBERCARDSP.USER_CARD.DELETE", "BRAND_MEMBER_CARD_SP.USER_CARD.DELETE"),
    ):
        assert find_events(old) == find_events(new)


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
