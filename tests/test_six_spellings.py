"""The main job in the six spellings of the documentation, over a socket: the same bytes, the same result."""

from __future__ import annotations

import re
from typing import Any

from wechatpay_chain import Request, Response, SyncWeChatPay, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.server import Listening

RECOVER = "v3/aggracct-bc/wb-channel/control-orders/recover"
CIPHERTEXT = re.compile(rb"[A-Za-z0-9+/]{342}==")


async def test_six_spellings(emulator: Emulator) -> None:
    """Method, target, headers and body are byte for byte the same, but for ciphertext, and so are the answers."""
    arrived: list[Request] = []

    async def receive(request: Request) -> Response[Any]:
        arrived.append(request)
        return await emulator.receive(request)

    with Listening(receive, "127.0.0.1", 0) as base_url:
        arguments = {**emulator.credentials(), "base_url": base_url}
        async with WeChatPay(**arguments) as wxpay:
            punished = await wxpay.v3.aggracctBc.wbChannel.controlOrders.punish.post(
                json={"out_request_no": "P1", "mchid": "1900000109", "bal_account_no": "6222", "punish_scene": 1}
            )
            order: Any = {
                "out_request_no": "R1",
                "related_webank_punish_no": "P1",
                "related_wxpay_punish_no": punished.json()["wxpay_punish_no"],
                "mchid": "1900000109",
                "bal_account_no": "6222",
                "recover_reason": "申诉通过",
            }
            del arrived[:]
            answers: list[Response[Any]] = [
                await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order),
                await wxpay.chain(RECOVER).post(json=order),
                await wxpay[RECOVER].post(json=order),
            ]
        with SyncWeChatPay(**arguments) as sync:
            answers += [
                sync.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order),
                sync.chain(RECOVER).post(json=order),
                sync[RECOVER].post(json=order),
            ]
    assert len(arrived) == 6
    ciphertexts = {found for request in arrived for found in CIPHERTEXT.findall(request.body or b"")}
    assert len(ciphertexts) == 6
    bodies = {CIPHERTEXT.sub(b"", request.body or b"") for request in arrived}
    assert len(bodies) == 1
    assert b"6222" not in next(iter(bodies))
    heads = {
        (request.method, request.target, *(item for item in request.headers.items() if item[0] != "Authorization"))
        for request in arrived
    }
    assert len(heads) == 1
    assert len({request.headers["Authorization"] for request in arrived}) == 6
    assert all(answer.verified and answer.status == 200 for answer in answers)
    assert len({answer.content for answer in answers}) == 1
