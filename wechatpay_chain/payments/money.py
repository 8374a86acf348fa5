"""Amounts of money: the platform counts in fen, whole numbers; people write yuan. Nothing here is computed in floats.

https://pay.weixin.qq.com/doc/v3/merchant/4012791897
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from ..errors import ConfigurationError

_FEN = 100
# "1E+9" is a number; one with more digits is no amount, and might fill the memory.
_MOST_DIGITS = 60


def fen(yuan: str | int | Decimal) -> int:
    """The fen of an amount in yuan, exactly: `fen("0.29") == 29`.

    Args:
        yuan: a text such as `"0.29"`, a `Decimal`, or whole yuan as an int.

    Raises:
        ConfigurationError: a float, which has lost the amount already (0.29 * 100 is 28.999999999999996); something
            that is no number; or more than two decimals.
    """
    if isinstance(yuan, bool) or not isinstance(yuan, str | int | Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("yuan", f"a {type(yuan).__name__} was found", 'Give a text or a Decimal: fen("0.29")')
    try:
        amount = Decimal(yuan)
    except InvalidOperation:
        raise ConfigurationError("yuan", "it is no number", 'Write it with digits and a point: "1234.50"') from None
    if not amount.is_finite():
        raise ConfigurationError("yuan", "it is no finite number", 'Write it with digits and a point: "1234.50"')
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS or len(digits) > _MOST_DIGITS:
        raise ConfigurationError("yuan", "it is no amount of money", 'Write it with digits and a point: "1234.50"')
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    scale: int = 10 ** abs(exponent + 2)
    if exponent >= -2:  # fen are the second decimal
        return whole * scale
    counted, rest = divmod(abs(whole), scale)
    if rest:
        raise ConfigurationError("yuan", "it has more than two decimals", "Round it to whole fen first, as agreed")
    return -counted if sign else counted


def yuan(fen: int) -> str:
    """An amount in fen as people write it, in yuan: `yuan(29) == "0.29"`.

    Args:
        fen: a whole number.

    Raises:
        ConfigurationError: it is no int.
    """
    if isinstance(fen, bool) or not isinstance(fen, int):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("fen", f"a {type(fen).__name__} was found", "Give an int, as the platform does")
    whole, rest = divmod(abs(fen), _FEN)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"
