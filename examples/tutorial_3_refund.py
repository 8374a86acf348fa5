"""Tutorial, step 3: give money back, and never twice, whatever happens on the way."""

from __future__ import annotations

import asyncio

from wechatpay_chain import APIError, WeChatPay, until_certain
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.faults import LoseAnswer

REFUND = {
    "out_trade_no": "T3",
    "out_refund_no": "R3",  # the shop's own number of the refund: a repetition has the same one
    "amount": {"refund": 2900, "total": 2900, "currency": "CNY"},
}


async def main() -> None:
    """Refund an order while the platform loses an answer, then try to refund too much."""
    emulator = Emulator()
    emulator.add_order("T3", 2900)
    emulator.pay("T3")
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        # The refund takes effect, and the connection breaks before the answer.
        emulator.faults.add(LoseAnswer(), operation="POST /v3/refund/domestic/refunds", times=1)
        refund = await until_certain(wxpay.v3.refund.domestic.refunds, json=REFUND, timeout=60)
        print("the refund is", refund.json()["status"])
        try:
            await wxpay["v3/refund/domestic/refunds"].post(json={**REFUND, "out_refund_no": "R4"})
        except APIError as error:
            print("a second refund is refused:", error.code, error.outcome)


if __name__ == "__main__":
    asyncio.run(main())
