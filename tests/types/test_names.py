"""The TypedDicts' names at run time."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

import wechatpay_chain
from wechatpay_chain import _endpoints


@pytest.mark.parametrize("root", ["v2", "v3", "hk", "global_", "brand"])
def test_every_name_can_be_imported(root: str):
    """A TypedDict's name can be imported and called at run time, where it is a dict."""
    module = import_module(f"wechatpay_chain.types.{root}")
    assert module.PayTransactionsNativePostJson == dict[str, Any]
    assert module.PayTransactionsNativePostJson(appid="wx1") == {"appid": "wx1"}
    with pytest.raises(AttributeError, match="_private"):
        _ = module._private


def test_the_package_pays_nothing():
    """Neither the package nor its clients import the types or read the catalogue; the attached classes are empty."""
    program = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import wechatpay_chain\n"
        "wechatpay_chain.WeChatPay, wechatpay_chain.SyncWeChatPay\n"
        "assert not [name for name in sys.modules if name.startswith('wechatpay_chain.types')]\n"
        "assert not [name for name in opened if name.endswith(('.json', '.jsonl', '.pyi'))], opened\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    for base in (_endpoints.Endpoints, _endpoints.SyncEndpoints):
        assert not [name for name in vars(base) if not name.startswith("__")]


def test_the_clients_have_the_tree():
    """Both clients inherit the class that the stub fills."""
    assert issubclass(wechatpay_chain.WeChatPay, _endpoints.Endpoints)
    assert issubclass(wechatpay_chain.SyncWeChatPay, _endpoints.SyncEndpoints)
