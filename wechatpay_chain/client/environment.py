"""A client's arguments from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..credentials.brand import Brand
from ..errors import ConfigurationError

_REQUIRED = ("mchid", "serial", "private_key")
_OPTIONAL = ("apiv3_key", "apiv2_key", "merchant_cert", "base_url")
_ARGUMENT = "Set it (no file is read here), or give the argument itself"


def environment(prefix: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of a client: the given ones, and the others from environment variables.

    Args:
        prefix: what the names of the variables start with.
        options: arguments of the client, whose variables are not read. With `renewal` no public key is needed; with a
            brand and no variable of a merchant, no merchant.

    Raises:
        ConfigurationError: a variable is missing.
    """
    given = dict(options or {})
    if "brand" not in given and os.environ.get(f"{prefix}BRAND_ID"):
        given["brand"] = Brand.from_env(f"{prefix}BRAND_")
    if given.get("brand") is not None and not any(_is_there(name, prefix, given) for name in _REQUIRED):
        return {**_optional(("base_url",), prefix, given), **given}
    arguments: dict[str, Any] = {
        name: _required(prefix + name.upper(), _ARGUMENT) for name in _REQUIRED if name not in given
    }
    if "certs" not in given:
        arguments["certs"] = _certs(prefix, is_needed=given.get("renewal") is None)
    return {**arguments, **_optional(_OPTIONAL, prefix, given), **given}


def _is_there(name: str, prefix: str, given: Mapping[str, Any]) -> bool:
    return given.get(name) is not None or bool(os.environ.get(prefix + name.upper()))


def _optional(names: Sequence[str], prefix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: os.environ.get(prefix + name.upper()) for name in names if name not in given}
    return {name: value for name, value in values.items() if value}


def _certs(prefix: str, *, is_needed: bool) -> dict[str, str] | None:
    variables = (f"{prefix}PUBLIC_KEY_ID", f"{prefix}PUBLIC_KEY")
    if not is_needed and not any(map(os.environ.get, variables)):
        return None
    remedy = "Set it, or give certs=, or renewal= where the merchant has platform certificates"
    identifier, public_key = (_required(variable, remedy) for variable in variables)
    return {identifier: public_key}


def _required(variable: str, remedy: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(variable, "the environment variable is not set", remedy)
    return value
