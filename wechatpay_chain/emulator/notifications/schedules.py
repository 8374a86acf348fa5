"""When a notification that was not acknowledged is sent again, by kind.

https://pay.weixin.qq.com/doc/v3/merchant/4012791882
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

_MINUTE = 60.0
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a notification is sent again, and how long the merchant has to answer.

    Attributes:
        pauses: seconds between one attempt and the next; after the last of them nothing more is sent.
        patience: seconds that the merchant has to answer.
    """

    pauses: tuple[float, ...]
    patience: float = 5.0

    def pause_after(self, attempts: int) -> float | None:
        """Seconds from an attempt to the next one; None where it was the last.

        Args:
            attempts: how many attempts were made, from 1.
        """
        return self.pauses[attempts - 1] if attempts <= len(self.pauses) else None


# Payments, refunds, and every kind that has no schedule of its own below.
_USUAL = Schedule(
    (15, 15, 30)
    + (3 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE, 30 * _MINUTE, 30 * _MINUTE, 60 * _MINUTE)
    + (3 * _HOUR,) * 3
    + (6 * _HOUR,) * 2
)
_TRANSFER = Schedule((15,) * 10 + (5 * _MINUTE,) * 10 + (30 * _MINUTE,) * 44)
_TEN_QUICK = Schedule((15,) * 9)
_EACH_MINUTE = Schedule((_MINUTE,) * 10)
_FOUR_HOURS = Schedule((15, 15, 30, 3 * _MINUTE) + (30 * _MINUTE,) * 4 + (_HOUR,))

# By pattern of event types, the first that matches. Those of APIv2 begin with "v2/".
_BY_KIND: tuple[tuple[str, Schedule], ...] = (
    ("MCHTRANSFER.BILL.*", _TRANSFER),
    ("MCHTRANSFER.BATCH.*", _TRANSFER),
    ("MCHTRANSFER.AUTHORIZATION.*", _TRANSFER),
    ("MCHTRANSFER.*", _TEN_QUICK),
    ("WEBIZPAY.*", _TEN_QUICK),
    ("INSURANCE_POLICY_*", _TEN_QUICK),
    ("MCHWITHDRAW.CHANGE", Schedule((15,) * 10 + (5 * _MINUTE,) * 10 + (30 * _MINUTE,) * 47)),
    ("PRODUCT_COUPON_SP.*", _EACH_MINUTE),
    ("BRAND_MEMBER_CARD_SP.*", _EACH_MINUTE),
    ("COUPON.SEND", _EACH_MINUTE),
    ("PAYSCORE.*SIGN_PLAN", _EACH_MINUTE),
    ("COUPON.USE", Schedule((_MINUTE,) * 8)),
    ("ENTRUST.SIGNING", Schedule((1,) + (_MINUTE,) * 10 + (5 * _MINUTE,) * 10)),
    ("ENTRUST.RELEASE", Schedule((1,) + (_MINUTE,) * 10 + (5 * _MINUTE,) * 10)),
    ("PAPAY.TERMINATE", _FOUR_HOURS),
    ("CROSS_BORDER_PAY.*", Schedule(_USUAL.pauses, patience=3.0)),
    ("v2/combined-transactions-success", _FOUR_HOURS),
    ("v2/vehicle-state-changed-for-parking", Schedule(tuple(6.0 * 2**number for number in range(9)))),
    # How often the last pause is repeated isn't documented; ten times, as elsewhere.
    ("v2/pap-contract-state-changed", Schedule((10,) * 3 + (30,) * 3 + (5 * _MINUTE,) * 10)),
)


def schedule_of(event_type: str) -> Schedule:
    """The schedule of a kind of notification.

    Args:
        event_type: such as `TRANSACTION.SUCCESS`; of APIv2 with `v2/` before it.
    """
    return next((schedule for pattern, schedule in _BY_KIND if fnmatchcase(event_type, pattern)), _USUAL)
