"""What notifications look like: every kind is understood by a webhook, and no forged one is."""

from __future__ import annotations

from typing import Any

import pytest

from wechatpay_chain import ConfigurationError, SignatureError, SignatureProbe, TrustError, Webhook
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.faults import FLAWS, Flaw
from wechatpay_chain.emulator.notifications.kinds import names
from wechatpay_chain.emulator.world.merchants import Merchant
from wechatpay_chain.notifications import kinds


@pytest.fixture
def webhook(emulator: Emulator) -> Webhook:
    """The merchant's webhook."""
    return webhook_of(emulator)


def webhook_of(emulator: Emulator, mchid: str | None = None) -> Webhook:
    """The webhook of a merchant."""
    given = emulator.credentials(mchid)
    return Webhook(**{name: given[name] for name in ("certs", "apiv3_key", "apiv2_key", "private_key")})


@pytest.mark.parametrize("name", names())
def test_every_kind_is_understood(emulator: Emulator, webhook: Webhook, name: str) -> None:
    """Each kind of the catalogue can be made, and is verified, decrypted and told apart."""
    notification = webhook.open(*emulator.notification(name))
    assert notification.event_type == name
    assert notification.resource


def test_own_members(emulator: Emulator, webhook: Webhook) -> None:
    """Members that are given stand in place of the sample's, objects laid over objects."""
    message = emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1", "amount": {"total": 7}})
    resource = webhook.open(*message).resource
    assert resource["out_trade_no"] == "A1"
    assert resource["amount"] == {"total": 7, "payer_total": 29, "currency": "CNY", "payer_currency": "CNY"}


def test_of_an_order(emulator: Emulator, webhook: Webhook) -> None:
    """With the number of a paid order, it tells that order's own transaction and sum."""
    emulator.add_order("A1", 4200)
    paid = emulator.pay("A1")
    resource = webhook.open(*emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1"})).resource
    assert (resource["transaction_id"], resource["amount"]["total"]) == (paid.transaction_id, 4200)


def test_of_an_order_that_waits(emulator: Emulator, webhook: Webhook) -> None:
    """An order that isn't paid yet is told with its own sum, and stays as it is."""
    emulator.add_order("A1", 4200)
    resource = webhook.open(*emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1"})).resource
    assert (resource["trade_state"], resource["amount"]["total"]) == ("SUCCESS", 4200)
    assert emulator.orders[0].state == "NOTPAY"


def test_of_a_partners_order(emulator: Emulator) -> None:
    """A partner's paid order is told with a partner's members, and laid under what is given; only that is checked."""
    provider = emulator.add_merchant(Merchant(mchid="1900000777", role="partner")).mchid
    emulator.add_order("A1", 4200, mchid=provider, sub_mchid="1900000201", sub_appid="wxsub", sub_openid="o2")
    paid = emulator.pay("A1", mchid=provider)
    webhook = webhook_of(emulator, provider)
    for given in ({}, {"attach": "table 7"}, {"sp_appid": "wxother", "amount": {"payer_total": 4000}}):
        message = emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1", **given}, mchid=provider)
        resource = webhook.open(*message).resource
        assert (resource["sp_mchid"], resource["sub_mchid"]) == (provider, "1900000201")
        assert (resource["transaction_id"], resource["amount"]["total"]) == (paid.transaction_id, 4200)
        assert "mchid" not in resource
        assert resource["payer"].keys() == {"sp_openid", "sub_openid"}
        assert {name: resource[name] for name in given if name != "amount"}.items() <= given.items()
    with pytest.raises(ConfigurationError, match="sub_appids"):
        emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": "A1", "sub_appids": "wx"}, mchid=provider)


@pytest.mark.parametrize("given", [{"sub_mchid": "1900000201"}, {"sp_appid": "wxsp"}, {"sub_appid": "wxsub"}])
def test_of_a_partner_without_an_order(emulator: Emulator, webhook: Webhook, given: dict[str, str]) -> None:
    """A member that only a partner's payment has makes the sample a partner's, whole."""
    resource = webhook.open(*emulator.notification("TRANSACTION.SUCCESS", given)).resource
    assert resource.items() >= given.items()
    assert (resource["sp_mchid"], resource["payer"].keys()) == (emulator.mchid, {"sp_openid"})
    assert resource["sub_mchid"]
    assert not {"mchid", "appid"} & resource.keys()


def test_kinds_of_the_webhook(emulator: Emulator, webhook: Webhook) -> None:
    """The kinds that handlers are registered for name notifications here, too."""
    notification = webhook.open(*emulator.notification(kinds.PROFITSHARING_SUCCESS))
    assert notification.original_type == "profitsharing"
    sharing = webhook.open(*emulator.notification("TRANSACTION.SUCCESS", original_type="profitsharing"))
    assert "order_id" in sharing.resource


@pytest.mark.parametrize("name", ["TRANSACTION.SUCCESS", "v2/transaction-success", "v2/refund-processed"])
@pytest.mark.parametrize("flaw", FLAWS)
def test_no_forged_one_is_believed(emulator: Emulator, webhook: Webhook, name: str, flaw: Flaw) -> None:
    """A message with something wrong about it is refused by the webhook, probes by their name."""
    if flaw == "stale" and name.startswith("v2/"):
        with pytest.raises(ConfigurationError, match="timestamp"):
            emulator.notification(name, flaw=flaw)
        return
    message = emulator.notification(name, flaw=flaw)
    with pytest.raises(SignatureProbe if flaw == "probe" and name.startswith("T") else TrustError):
        webhook.open(*message)


def test_another_key(both: Emulator) -> None:
    """Either of the platform's keys can sign, and one that it doesn't have is named."""
    serials = [key.serial for key in both.platform_keys]
    for serial in serials:
        assert both.notification("TRANSACTION.SUCCESS", serial=serial).headers["Wechatpay-Serial"] == serial
    with pytest.raises(ConfigurationError) as caught:
        both.notification("TRANSACTION.SUCCESS", serial="nobody")
    assert caught.value.argument == "serial"


def test_another_merchant(emulator: Emulator, webhook: Webhook) -> None:
    """What is sealed for another merchant doesn't open with this one's key."""
    emulator.add_merchant(Merchant(mchid="1900000110", key=KeyPair.merchant()))
    message = emulator.notification("TRANSACTION.SUCCESS", mchid="1900000110")
    assert webhook_of(emulator, "1900000110").open(*message).resource["mchid"] == "1900000110"
    with pytest.raises(TrustError):
        webhook.open(*message)


@pytest.mark.parametrize(
    ("kind", "resource", "mchid", "argument"),
    [
        ("TRANSACTION.SUCESS", {}, "", "kind"),
        ("v2/transaction", {}, "", "kind"),
        ("TRANSACTION.SUCCESS", {"out_tradeno": "A1"}, "", "out_tradeno"),
        ("TRANSACTION.SUCCESS", {}, "42", "mchid"),
    ],
)
def test_what_is_wrong_is_named(
    emulator: Emulator, kind: str, resource: dict[str, str], mchid: str, argument: str
) -> None:
    """A misspelt kind or member, or an unknown merchant, is refused with its name."""
    with pytest.raises(ConfigurationError) as caught:
        emulator.notification(kind, resource, mchid=mchid)
    assert caught.value.argument == argument


def test_a_type_in_place_of_the_members(emulator: Emulator) -> None:
    """A resource that is no mapping is refused by its name, and where a type goes is said."""
    wrong: Any = "transaction"
    with pytest.raises(ConfigurationError, match="original_type=") as caught:
        emulator.notification("TRANSACTION.SUCCESS", wrong)
    assert caught.value.argument == "resource"


def test_a_probe_is_a_signature_error() -> None:
    """Who catches signature errors catches probes."""
    assert issubclass(SignatureProbe, SignatureError)
