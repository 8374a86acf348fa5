"""When notifications are sent again."""

from __future__ import annotations

import pytest

from wechatpay_chain.emulator.notifications.schedules import schedule_of


@pytest.mark.parametrize(
    ("kind", "pauses", "total", "patience"),
    [
        ("TRANSACTION.SUCCESS", 15, 86640, 5),
        ("v2/transaction-success", 15, 86640, 5),
        ("REFUND.SUCCESS", 15, 86640, 5),
        ("MCHTRANSFER.BILL.FINISHED", 64, 82350, 5),
        ("MCHTRANSFER.QQWALLETBILL.FINISHED", 9, 135, 5),
        ("WEBIZPAY.AUTHORIZED", 9, 135, 5),
        ("MCHWITHDRAW.CHANGE", 67, 87750, 5),
        ("PRODUCT_COUPON_SP.SEND", 10, 600, 5),
        ("PAYSCORE.USER_SIGN_PLAN", 10, 600, 5),
        ("PAYSCORE.USER_PAID", 15, 86640, 5),
        ("COUPON.USE", 8, 480, 5),
        ("ENTRUST.SIGNING", 21, 3601, 5),
        ("CROSS_BORDER_PAY.GET_MCH_INFO", 15, 86640, 3),
        ("v2/vehicle-state-changed-for-parking", 9, 3066, 5),
    ],
)
def test_schedules(kind: str, pauses: int, total: float, patience: float) -> None:
    """Each product has its own schedule: how many attempts follow the first, over how long, and the time to answer."""
    schedule = schedule_of(kind)
    assert (len(schedule.pauses), sum(schedule.pauses), schedule.patience) == (pauses, total, patience)
    assert schedule.pause_after(1) == schedule.pauses[0]
    assert schedule.pause_after(pauses + 1) is None
