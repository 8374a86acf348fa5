"""The parameters of an APIv2 call: converted to texts, and completed with what every call needs.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, cast, get_args
from urllib.parse import quote

from ...crypto.concealed import Concealed
from ...errors import ConfigurationError, type_of
from ...http.characters import check_text
from ...http.fen import as_written, is_amount, whole_fen
from ...http.operation import Operation
from ...http.path import digits
from ...http.value import frozen
from ..body import encode_json, floats
from .ambiguity import check_covered
from .signature import SignType, sign, workwx_sign

MERCHANT_FIELDS = ("mch_id", "mchid", "combine_mch_id")
"""Parameters that name the calling merchant, the most usual first; `sub_mch_id` names a provider's sub-merchant."""


@frozen(kw_only=True)
class Demands:
    """What an operation demands of its parameters; the defaults are for an operation that the catalogue doesn't know.

    Attributes:
        merchant_field: the parameter that names the calling merchant; None takes the one that the caller gives.
        nonceless: there is no `nonce_str`.
        signless: there is no `sign`.
        sign_types: what `sign_type` may be, its default first; empty where it need not be given.
        workwx_fields: what `workwx_sign` covers; empty where there is none.
    """

    merchant_field: str | None = None
    nonceless: bool = False
    signless: bool = False
    sign_types: tuple[str, ...] = ()
    workwx_fields: tuple[str, ...] = ()

    @classmethod
    def of(cls, operation: Operation | None) -> Demands:
        """What the catalogue says of an operation."""
        if operation is None:
            return cls()
        return cls(
            merchant_field=operation.merchant_field,
            nonceless=operation.nonceless,
            signless=operation.signless,
            sign_types=operation.sign_types,
            workwx_fields=operation.workwx_fields,
        )


def texts(payload: Mapping[str, Any], urlencoded: Collection[str], argument: str) -> dict[str, str]:
    """A caller's parameters as texts.

    A dict or a list becomes JSON text; for the parameters named by `urlencoded` a dict becomes `name=value` pairs,
    percent-encoded as a whole.

    Args:
        payload: by name: str, int, Decimal, or a dict or list where the platform takes JSON text.
        urlencoded: names of such parameters.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: null, a float (within JSON text one that is an amount), a fraction as an amount, a bool,
            another type, or a character that the platform doesn't take.
    """
    if not isinstance(payload, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(argument, f"{type_of(payload)} was given", "Give a dict")
    fields: dict[str, str] = {}
    for name, value in payload.items():
        place = f"{argument}/{name}"
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError(place, f"the name is {type_of(name)}", "Names are strings: give a str")
        text = _text(value, place, as_pairs=name in urlencoded)
        fields[str.__str__(name)] = text
        check_text(text, place)
    return fields


def complete(
    fields: Mapping[str, str],
    demands: Demands,
    *,
    mchid: str,
    nonce: str,
    apiv2_key: str | Concealed[str],
    argument: str,
    workwx_secret: str | None = None,
) -> dict[str, str]:
    """The parameters with everything that every call needs: merchant, nonce, kind of signature, signatures.

    Args:
        fields: the caller's parameters; what is there already is kept, but for `sign`, which is made anew.
        demands: what the operation asks for.
        mchid: the merchant's number.
        nonce: at most 32 random characters.
        apiv2_key: signs.
        argument: the name to be used in errors.
        workwx_secret: the secret of WeCom's payment application, where `workwx_sign` is to be made.

    Raises:
        ConfigurationError: the call is in another merchant's name, or asks for an unknown kind of signature.
    """
    completed = {name: value for name, value in fields.items() if name != "sign"}
    merchant = demands.merchant_field or next((name for name in MERCHANT_FIELDS if name in fields), "mch_id")
    if completed.setdefault(merchant, mchid) != mchid:
        raise ConfigurationError(
            f"{argument}/{merchant}",
            "it is not the client's merchant number",
            "Leave it out; a service provider's merchant is named by sub_mch_id",
        )
    if not demands.nonceless:
        completed.setdefault("nonce_str", nonce)
    if demands.sign_types:
        completed.setdefault("sign_type", demands.sign_types[0])
    if demands.signless:
        return completed
    if demands.workwx_fields and workwx_secret and "workwx_sign" not in completed:
        check_covered(completed, demands.workwx_fields, argument)
        completed["workwx_sign"] = workwx_sign(completed, demands.workwx_fields, workwx_secret)
    completed["sign"] = sign(completed, apiv2_key, _sign_type(completed, demands, argument))
    return completed


def _sign_type(fields: Mapping[str, str], demands: Demands, argument: str) -> SignType:
    given = fields.get("sign_type", "MD5")
    allowed = demands.sign_types or get_args(SignType)
    if given not in allowed or given not in get_args(SignType):
        raise ConfigurationError(
            f"{argument}/sign_type", "the operation doesn't take this kind", f"Give one of {', '.join(allowed)}"
        )
    return cast("SignType", given)


def _text(value: object, place: str, *, as_pairs: bool) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may write itself otherwise
    if isinstance(value, bool):
        raise ConfigurationError(place, "a bool", "APIv2 has none: give the text that the page shows, such as 'Y'")
    if isinstance(value, int):
        return digits(value, place)
    from decimal import Decimal  # only for numbers that are no int

    if isinstance(value, Decimal) and value.is_finite():
        if is_amount(place) and value != value.to_integral_value():
            raise ConfigurationError(place, f"the Decimal {as_written(value)}", f"Give an int: {whole_fen(value)}")
        return Decimal.__format__(value, "f")  # the same
    if isinstance(value, float):
        remedy = (
            f"Give an int: {whole_fen(value)}" if is_amount(place) else "Give an int, or a str as the page shows it"
        )
        raise ConfigurationError(place, f"the float {as_written(value)}", remedy)
    if isinstance(value, Mapping) and as_pairs:
        pairs = cast("Mapping[str, object]", value).items()
        return quote("&".join(f"{name}={_text(item, place, as_pairs=False)}" for name, item in pairs), safe="")
    if isinstance(value, Mapping | list | tuple):
        for pointer, number in floats(value, place):
            if is_amount(pointer):
                raise ConfigurationError(
                    pointer, f"the float {as_written(number)}", f"Give an int: {whole_fen(number)}"
                )
        return encode_json(value, place).decode()
    found = "null" if value is None else type_of(value)
    raise ConfigurationError(place, found, "Give str or int, or leave it out")
