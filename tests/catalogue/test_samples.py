"""Payloads made of the catalogue."""

from __future__ import annotations

import pytest

from wechatpay_chain import catalogue


def test_every_sample_is_valid() -> None:
    """The catalogue has no objection to the sample of any operation."""
    faulty = [
        f"{operation.method} {operation.path}: {faults[0]}"
        for operation in catalogue.operations()
        if (faults := catalogue.validate(operation, catalogue.sample(operation)))
    ]
    assert faulty == []


def test_a_sample_holds_what_is_required_and_nothing_else() -> None:
    """Optional members are left out, and so is what the client fills in."""
    operation = catalogue.find("POST", "/v3/pay/transactions/native")
    assert operation is not None
    assert catalogue.sample(operation)["json"].keys() == {
        "appid",
        "mchid",
        "description",
        "out_trade_no",
        "amount",
        "notify_url",
    }
    old = catalogue.find("POST", "/v2/pay/unifiedorder")
    assert old is not None
    assert not catalogue.sample(old)["xml"].keys() & {"sign", "nonce_str", "mch_id"}


@pytest.mark.parametrize("upload", ["/v3/merchant/media/upload", "/v3/marketing/favor/media/image-upload"])
def test_an_upload_needs_no_meta_of_the_caller(upload: str) -> None:
    """A file's name and digest are the client's to make."""
    operation = catalogue.find("POST", upload)
    assert operation is not None
    assert catalogue.sample(operation)["meta"] == {}
