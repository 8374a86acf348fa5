"""Tutorial, step 4: the next morning, fetch the day's bill and compare it with the shop's own orders."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from wechatpay_chain import WeChatPay, bills
from wechatpay_chain.emulator import Emulator

BEIJING = timezone(timedelta(hours=8))


async def main() -> None:
    """Sell twice, refund a part, let the night pass, and reconcile."""
    emulator = Emulator()
    sold, refunded = {"T4": 2900, "T5": 1990}, {"R5": 500}
    async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        for number, total in sold.items():
            emulator.add_order(number, total)
            emulator.pay(number)
        await wxpay.v3.refund.domestic.refunds.post(
            json={
                "out_trade_no": "T5",
                "out_refund_no": "R5",
                "amount": {"refund": 500, "total": 1990, "currency": "CNY"},
            }
        )
        day = datetime.fromtimestamp(emulator.world.now, BEIJING).date()
        emulator.advance(days=1, hours=12)
        with tempfile.TemporaryDirectory() as folder:
            path = await bills.fetch(wxpay, "trade", day, to=Path(folder) / "trade.csv")
            with bills.read(path, fen=True) as rows:
                lines = list(rows)
    # A refund is a row of its own, in which the order's amount is 0.
    payments = {row["商户订单号"]: row["订单金额"] for row in lines if row["交易状态"] == "SUCCESS"}
    refunds = {row["商户退款单号"]: row["申请退款金额"] for row in lines if row["交易状态"] == "REFUND"}
    print("the bill is whole:", rows.is_complete)
    print("it agrees with the shop:", payments == sold and refunds == refunded)


if __name__ == "__main__":
    asyncio.run(main())
