"""How a known path is written in Python."""

from __future__ import annotations

import pytest

from wechatpay_chain.catalogue import operations, spell
from wechatpay_chain.catalogue.spelling import attribute, steps
from wechatpay_chain.http.path import attribute_segment, literal_path


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("wb-channel", "wbChannel"),
        ("video_upload", "video_upload"),
        ("global", "global_"),
        ("return", "return_"),
        ("{out_trade_no}", "_out_trade_no_"),
        ("addInstitutionsub", None),
        ("delete", None),
        ("applyments/", None),
        ("", None),
        ("2024", None),
        ("a-1", None),
        ("a--b", None),
        ("trailing_", None),
    ],
)
def test_attribute(segment: str, name: str | None):
    """A segment's attribute is what the chain reads as that segment, or there is none."""
    assert attribute(segment) == name


def test_every_step_leads_back():
    """Each step of all 1,223 paths is read by the chain as the very segment it stands for."""
    for operation in operations():
        path = ""
        for step in steps(operation.path):
            name = attribute(step)
            path += literal_path(step) if name is None else f"/{attribute_segment(name)}"
        assert path == operation.path


@pytest.mark.parametrize(
    ("path", "chain"),
    [
        ("/v3/aggracct-bc/wb-channel/control-orders/recover", "v3.aggracctBc.wbChannel.controlOrders.recover"),
        ("/v2/secapi/mch/addInstitutionsub", 'v2.secapi.mch["addInstitutionsub"]'),
        ("/v3/ecommerce/applyments/", 'v3.ecommerce["applyments/"]'),
        ("/v3/profitsharing/receivers/delete", 'v3.profitsharing.receivers["delete"]'),
        ("/global/v3/customs/orders", "global_.v3.customs.orders"),
    ],
)
def test_spell(path: str, chain: str):
    """A path is written as people write it."""
    assert spell(path) == chain
