"""Amounts of money: the platform counts in fen, whole numbers; people write yuan. Nothing here is computed in floats.

https://pay.weixin.qq.com/doc/v3/merchant/4012791897
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ..errors import ConfigurationError, type_of

_FEN = 100
# "1E+9" is a number. One of more digits is no amount, and might fill the memory.
_MOST_DIGITS = 60

_CURRENCY = re.compile("[A-Z]{3}")
# As people call it; the platform takes the code alone.
_RENMINBI = "RMB"
# By ISO 4217, where they aren't two.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def minor_units(amount: str | int | Decimal, currency: str) -> int:
    """An amount in the smallest unit of its currency, exactly: `minor_units("100", "JPY") == 100`.

    Overseas amounts are counted so, and not every currency has two decimals; how many it has is taken from ISO 4217.

    Args:
        amount: a text such as `"0.29"`, a `Decimal`, or whole units as an int.
        currency: three capital letters of ISO 4217.

    Raises:
        ConfigurationError: a float; something that is no number; more decimals than the currency has; no currency.
    """
    if not _CURRENCY.fullmatch(str(currency)):
        raise ConfigurationError("currency", "it is no code of ISO 4217", 'Give three capital letters: "HKD"')
    if currency == _RENMINBI:
        raise ConfigurationError("currency", f"{currency} is no code of ISO 4217", 'Give "CNY"')
    return _smallest(amount, "amount", _DECIMALS.get(currency, 2))


def fen(yuan: str | int | Decimal) -> int:
    """The fen of an amount in yuan, exactly: `fen("0.29") == 29`.

    Args:
        yuan: a text such as `"0.29"`, a `Decimal`, or whole yuan as an int.

    Raises:
        ConfigurationError: a float, which has lost the amount already (0.29 * 100 is 28.999999999999996); something
            that is no number; or more than two decimals.
    """
    return _smallest(yuan, "yuan", 2)


def yuan(fen: int) -> str:
    """An amount in fen as people write it, in yuan: `yuan(29) == "0.29"`.

    Args:
        fen: a whole number.

    Raises:
        ConfigurationError: it is no int.
    """
    if isinstance(fen, bool) or not isinstance(fen, int):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("fen", f"{type_of(fen)} was found", "Give an int, as the platform does")
    whole, rest = divmod(abs(fen), _FEN)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def _smallest(given: str | int | Decimal, argument: str, decimals: int) -> int:
    """An amount times ten to the power of its decimals, exactly."""
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(argument, f"{type_of(given)} was found", 'Give a text or a Decimal: fen("0.29")')
    try:
        amount = Decimal(given)
    except InvalidOperation:
        raise ConfigurationError(argument, "it is no number", 'Write it with digits and a point: "1234.50"') from None
    if not amount.is_finite():
        raise ConfigurationError(argument, "it is no finite number", 'Write it with digits and a point: "1234.50"')
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS or len(digits) > _MOST_DIGITS:
        raise ConfigurationError(argument, "it is no amount of money", 'Write it with digits and a point: "1234.50"')
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    scale: int = 10 ** abs(exponent + decimals)
    if exponent >= -decimals:
        return whole * scale
    counted, rest = divmod(abs(whole), scale)
    if rest:
        raise ConfigurationError(argument, f"it has more than {_words(decimals)}", "Round it first, as agreed")
    return -counted if sign else counted


def _words(decimals: int) -> str:
    return {0: "no decimals", 2: "two decimals", 3: "three decimals"}[decimals]
