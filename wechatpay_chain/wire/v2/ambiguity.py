"""Refusing signed texts that can be read in two ways.

`sign` covers `name=value` pairs joined by `&`, and a value may hold `&` and `=`. One key signs both what payers are
shown and the platform's notices, so a payer's text could be passed off as the fields of a notice. It is refused both
where it would be signed and where a notice is received.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import get_args

from ...crypto.concealed import Concealed
from ...errors import ConfigurationError, SignatureError
from .signature import SignType, sign

# Names of fields are names of XML elements.
_ANOTHER_FIELD = re.compile(r"&([\w:.\-]+)=")
# The merchant's own text, which comes back as it was given; what stands behind it can't pass for a notice's fields.
_FREE_TEXT = "attach"
# Members that distinguish notices and their kinds. No page and no front end has such a parameter.
_OF_NOTICES = frozenset({"return_code", "change_type", "event_ciphertext", "risk_level", "vehicle_event_createtime"})
_NAME = re.compile(r"[\w:.\-]+")


def second_reading(fields: Mapping[str, str], names: Collection[str] | None = None) -> tuple[str, str] | None:
    """The first field whose value could be read as a value and further fields, with the name of the first of these.

    Args:
        fields: by name.
        names: what further fields may be called; None for anything.
    """
    for field, value in fields.items():
        for found in _ANOTHER_FIELD.finditer(value) if "&" in value else ():
            if names is None or found[1] in names:
                return field, found[1]
    return None


def check_shown(fields: Mapping[str, str], argument: str) -> None:
    """Refuse to sign parameters for a payer that could be read as other fields.

    Args:
        fields: what is going to be signed.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: a value holds `&name=`, a name something else than letters and digits, or there is a field
            that only notices have, as where a payer's own query is passed on.
    """
    for name in fields:
        if name in _OF_NOTICES or not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{argument}[{name!r}]",
                "no such parameter is shown to a payer; signed, it could pass for the platform's notice",
                "Give the parameters that the page documents, and none that a payer names",
            )
    _refuse(second_reading(fields), argument)


def sign_shown(
    fields: Mapping[str, str], apiv2_key: str | Concealed[str], sign_type: SignType, argument: str = "fields"
) -> str:
    """The `sign` of parameters that a payer is shown, in a page or a front end.

    Raises:
        ConfigurationError: as `check_shown`, the key is empty, or there is no such kind of sign.
    """
    if sign_type not in get_args(SignType):
        kinds = ", ".join(get_args(SignType))
        raise ConfigurationError("sign_type", f"{sign_type!r} was found", f"Give the order's own kind, one of {kinds}")
    check_shown(fields, argument)
    return sign(fields, apiv2_key, sign_type)


def check_covered(fields: Mapping[str, str], names: Iterable[str], argument: str) -> None:
    """Refuse a value that could be read as another one of the fields that a signature covers.

    Args:
        fields: what is going to be signed.
        names: of the fields that the signature covers.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: a value holds `&` and one of these names.
    """
    covered = {*names, "secret"}
    _refuse(second_reading({name: fields[name] for name in covered if name in fields}, covered), argument)


def check_notice(fields: Mapping[str, str]) -> None:
    """Refuse a notice whose signed text could have been signed with other fields.

    Raises:
        SignatureError: a value other than that of `attach` holds `&name=`.
    """
    found = second_reading({name: value for name, value in fields.items() if name != _FREE_TEXT})
    if found is not None:
        raise SignatureError(
            f"its field {found[0][:64]!r} holds '&{found[1][:64]}=', so its sign fits other fields too: it may be "
            "something that the merchant signed for a payer"
        )


def _refuse(found: tuple[str, str] | None, argument: str) -> None:
    if found is not None:
        raise ConfigurationError(
            f"{argument}/{found[0]}",
            f"it holds '&{found[1]}=', so that its signature would fit other parameters too",
            "Take the & out of it, above all where a payer wrote it; percent-encode the query of an address",
        )
