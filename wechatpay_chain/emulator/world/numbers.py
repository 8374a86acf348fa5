"""Makes numbers and identifiers in the platform's formats."""

from __future__ import annotations

import secrets
from datetime import datetime
from string import ascii_letters, digits

from ..platform.times import BEIJING


def stamp(now: float, form: str = "%Y%m%d%H%M%S") -> str:
    """Unix time in Beijing's zone, `20260101080000` by default."""
    return datetime.fromtimestamp(now, BEIJING).strftime(form)


def digits_of(length: int) -> str:
    """Random decimal digits."""
    return str(secrets.randbelow(10**length)).zfill(length)


def transaction_id(now: float) -> str:
    """The platform's number of a payment: 28 digits."""
    return f"420000{digits_of(4)}{stamp(now, '%Y%m%d')}{digits_of(10)}"


def refund_id(now: float) -> str:
    """The platform's number of a refund: 29 digits."""
    return f"503{digits_of(8)}{stamp(now, '%Y%m%d')}{digits_of(10)}"


def sharing_id() -> str:
    """The platform's number of a profit sharing order or return: 28 digits."""
    return f"30{digits_of(26)}"


def transfer_bill_no(now: float) -> str:
    """The platform's number of a transfer."""
    return f"133{digits_of(10)}{stamp(now, '%Y%m%d')}{digits_of(14)}"


def prepay_id(now: float) -> str:
    """The identifier by which a front end starts a payment: `wx` and 34 characters."""
    return f"wx{stamp(now)}{secrets.token_hex(8)}0000"


def code() -> str:
    """The end of a link to a payment: letters and digits."""
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(9))


def openid() -> str:
    """A payer's openid: 28 characters."""
    return "oUpF8u" + "".join(secrets.choice(ascii_letters + digits) for _ in range(22))
