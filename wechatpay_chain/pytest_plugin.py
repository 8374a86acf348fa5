"""The emulator as fixtures of pytest: `wechatpay_emulator`, a fresh platform, and `wxpay`, a client of it.

The plugin is registered by the package (extra `pytest`), and imports the emulator only where a test asks for it.

    def test_checkout(wechatpay_emulator, wxpay):
        ...
        wechatpay_emulator.pay("A1")

A test that fails shows the calls that it made and what became of its notifications.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .client.blocking import SyncWeChatPay
    from .emulator import Emulator

_EMULATOR = pytest.StashKey["Emulator"]()
_KEYS = pytest.StashKey[dict[str, Any]]()


@pytest.fixture
def wechatpay_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A fresh emulator; `with wechatpay_emulator.listen() as base_url` puts it on a port."""
    from .emulator import Emulator, KeyPair

    stash = request.session.stash
    if _KEYS not in stash:
        # Making RSA keys takes a tenth of a second: a session shares them.
        stash[_KEYS] = {"merchant_key": KeyPair.merchant(), "platform_keys": [KeyPair.wechatpay()]}
    emulator = Emulator(**stash[_KEYS])
    request.node.stash[_EMULATOR] = emulator
    yield emulator
    emulator.close()


@pytest.fixture
def wxpay(wechatpay_emulator: Emulator) -> Iterator[SyncWeChatPay]:
    """A blocking client of the emulator, without a port."""
    from .client.blocking import SyncWeChatPay

    with SyncWeChatPay(**wechatpay_emulator.credentials(), transport=wechatpay_emulator) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test the calls that it made."""
    report = yield
    emulator = item.stash.get(_EMULATOR, None)
    if report.when == "call" and report.failed and emulator is not None:
        report.sections.append(("calls to the WeChat Pay emulator", emulator.story()))
    return report
