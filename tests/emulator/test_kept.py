"""What is kept of large bodies."""

from __future__ import annotations

from tests.emulator.raw import ECHO
from wechatpay_chain import Attachment, SyncWeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.kept import LARGEST, WHOLE
from wechatpay_chain.emulator.web.views import exchange_whole

UPLOAD = "/v3/merchant/media/upload"
FILE = b"\x89PNG" + bytes(LARGEST)


def call(emulator: Emulator, calls: int) -> None:
    """Uploads of one file, and one long text before them."""
    with SyncWeChatPay(**emulator.credentials(rate_limits=None), transport=emulator) as wxpay:
        long = {"echo_message": "é" * LARGEST, "encrypted_echo_message": "a secret"}
        wxpay.chain(ECHO).post(json=long)
        for _ in range(calls):
            wxpay.chain(UPLOAD).post(file=Attachment(content=FILE, name="a.png"))


def test_the_newest_are_whole(emulator: Emulator) -> None:
    """Of the last calls all bytes are there, whatever their number."""
    call(emulator, WHOLE - 1)
    assert len(emulator.calls[0].json["echo_message"]) == LARGEST
    assert {kept.file for kept in list(emulator.calls)[1:]} == {FILE}
    assert exchange_whole(emulator.exchanges[0], emulator.world)["request_text"]["fits"]


def test_older_ones_are_cut(emulator: Emulator) -> None:
    """Of an older call so much of each body is kept, small ones whole, and the page's data says how much that was."""
    with SyncWeChatPay(**emulator.credentials(), transport=emulator) as wxpay:
        wxpay.chain(ECHO).post(json={"echo_message": "hello", "encrypted_echo_message": "a secret"})
    call(emulator, WHOLE + 1)
    small, long, upload = list(emulator.exchanges)[:3]
    assert (small.call and small.call.json["echo_message"], small.request_size) == ("hello", None)
    for exchange in (long, upload):
        assert len(exchange.request.body or b"") == LARGEST < (exchange.request_size or 0)
    assert (long.call, emulator.calls[1].json) == (emulator.calls[1], None)
    assert emulator.calls[2].file == FILE[:LARGEST]
    assert len(long.response.content if long.response else b"") == LARGEST
    told = exchange_whole(long, emulator.world)
    assert (told["request"]["kept"], told["request"]["binary"]) == (LARGEST, False)
    assert told["request"]["size"] > 2 * LARGEST
    assert (told["request_text"], told["answer_text"]) == (None, None)
    assert told["chain"].endswith("post(json=...)")
    assert told["curl"].endswith("--data-binary @body")


def test_memory_is_bounded(emulator: Emulator) -> None:
    """However many large calls come, of all but the newest no more than the beginnings are kept."""
    call(emulator, 40)
    older = list(emulator.exchanges)[:-WHOLE]
    assert len(older) == 41 - WHOLE
    assert all(len(exchange.request.body or b"") <= LARGEST for exchange in older)
    assert all(len(kept.file or b"") <= LARGEST for kept in list(emulator.calls)[:-WHOLE])
