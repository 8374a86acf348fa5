"""Which fields are amounts of money, and what an error says of one that isn't whole fen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

_FEN = 100
# No amount of money has more digits.
_MOST_DIGITS = 15
_RULE = "amounts are whole fen"
# The catalogue doesn't say which fields are amounts of money: their names do.
_AMOUNT = re.compile(
    r"(?:^|[/_])(?:amount|amt|duty|fee|fine|price)(?:_max|_minimum|_(?:by|per)_day)?$"
    r"|(?:^|/)(?:refund|room_rate|threshold|total|(?:add_|before_)?balance|coupon_(?:minimum|value)|transaction_minimum)$"
)


def is_amount(field: str) -> bool:
    """Whether a field of a payload holds an amount of money, by its name: `total_fee` does, `total_num` doesn't.

    Args:
        field: its name, or the JSON pointer that ends in it.
    """
    return _AMOUNT.search(field) is not None


def whole_fen(amount: float | str | Decimal) -> str:
    """The rule for amounts, as a clause, with the amount in fen where it makes a whole number of them.

    `12.5` gives "amounts are whole fen: 12.5 yuan are 1250"; `0.125`, whose meaning can't be guessed, gives the rule.

    Args:
        amount: as it was given, maybe in yuan; a text is digits with a point.
    """
    # Imported only for the text of an error.
    from decimal import Decimal
    from fractions import Fraction

    written = as_written(amount)
    given = Decimal(written)
    if not given.is_finite() or abs(given.adjusted()) > _MOST_DIGITS:
        return _RULE
    fen = Fraction(given) * _FEN
    if fen.denominator != 1:
        return _RULE
    as_fen = f", {written} fen are {fen // _FEN}" if fen % _FEN == 0 else ""
    return f"{_RULE}: {written} yuan are {fen}{as_fen}"


def as_written(number: float | str | Decimal) -> str:
    """A number in digits, whatever a class of the caller's own writes in its place."""
    if isinstance(number, float):
        return float.__repr__(number)
    if isinstance(number, str):
        return str.__str__(number)
    from decimal import Decimal

    return Decimal.__str__(Decimal(number))
