"""The balances of a merchant's accounts, computed from the records of all products.

https://pay.weixin.qq.com/doc/v3/partner/4012476700

All movements are on the account `BASIC`; the others have none.
"""

from __future__ import annotations

from typing import Any

from ..platform import refusal
from ..platform.call import Call
from ..platform.times import date, read_date
from ..world.world import World
from .ledger import OPENING_BALANCE, movements
from .product import Product

_DAY = 86400


def _now(world: World, call: Call) -> dict[str, Any]:
    # What happens at this moment counts.
    return _told(world, call, call.time + 1)


def _day_end(world: World, call: Call) -> dict[str, Any]:
    try:
        begins = read_date(call.query["date"])
    except ValueError:
        raise refusal.bad_parameter("date", "query", "not a date such as 2026-01-31") from None
    if call.query["date"] >= date(call.time):
        raise refusal.bad_parameter("date", "query", "the day isn't over")
    return _told(world, call, begins + _DAY)


def _told(world: World, call: Call, end: float) -> dict[str, Any]:
    if call.values["account_type"] != "BASIC":
        return {"available_amount": 0, "pending_amount": 0}
    moved = sum(one.amount for one in movements(world, call.mchid, end))
    return {"available_amount": OPENING_BALANCE + moved, "pending_amount": 0}


PRODUCT = Product(
    name="balances",
    routes={
        "GET /v3/merchant/fund/balance/{account_type}": _now,
        "GET /v3/merchant/fund/dayendbalance/{account_type}": _day_end,
    },
)
