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
    """Sell twice, let the night pass, and reconcile."""
    emulator = Emulator()
    ours = {"T4": 2900, "T5": 1990}
    for number, total in ours.items():
        emulator.add_order(number, total)
        emulator.pay(number)
    day = datetime.fromtimestamp(emulator.world.now, BEIJING).date()
    emulator.advance(days=1, hours=12)
    with tempfile.TemporaryDirectory() as folder:
        async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
            path = await bills.fetch(wxpay, "trade", day, to=Path(folder) / "trade.csv")
        with bills.read(path, fen=True) as rows:
            theirs = {row["商户订单号"]: row["订单金额"] for row in rows}
    print("the bill is whole:", rows.is_complete)
    print("it agrees with the shop:", theirs == ours)


if __name__ == "__main__":
    asyncio.run(main())
