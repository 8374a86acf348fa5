"""A path in brackets: the same as `chain`. It also spells the segments that no attribute can."""

from __future__ import annotations

import asyncio

from wechatpay_chain import WeChatPay
from wechatpay_chain.emulator import Emulator


async def main() -> None:
    emulator = Emulator()
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        punished = await wxpay["v3/aggracct-bc/wb-channel/control-orders/punish"].post(
            json={"out_request_no": "P1", "mchid": "1900000109", "bal_account_no": "6222 0000 1111", "punish_scene": 1}
        )
        recovered = await wxpay["v3/aggracct-bc/wb-channel/control-orders/recover"].post(
            json={
                "out_request_no": "R1",
                "related_webank_punish_no": "P1",
                "related_wxpay_punish_no": punished.json()["wxpay_punish_no"],
                "mchid": "1900000109",
                "bal_account_no": "6222 0000 1111",
                "recover_reason": "identity confirmed",
            }
        )
        queried = await wxpay["v3/aggracct-bc/wb-channel/control-orders/{out_request_no}"].get(
            out_request_no="R1", params={"control_type": "RECOVER", "mchid": "1900000109"}
        )
        print("recovered as", recovered.json()["wxpay_recover_no"])
        print("told as", queried.json())


asyncio.run(main())
