"""A client's arguments from environment variables."""

from __future__ import annotations

import os
from typing import Any

from ..errors import ConfigurationError


def environment(prefix: str) -> dict[str, Any]:
    """The arguments of a client, from environment variables that start with `prefix`.

    Raises:
        ConfigurationError: a variable is missing.
    """
    arguments: dict[str, Any] = {name: _required(prefix + name.upper()) for name in ("mchid", "serial", "private_key")}
    arguments["certs"] = {_required(prefix + "PUBLIC_KEY_ID"): _required(prefix + "PUBLIC_KEY")}
    for name in ("apiv3_key", "apiv2_key", "merchant_cert", "base_url"):
        if value := os.environ.get(prefix + name.upper()):
            arguments[name] = value
    return arguments


def _required(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(variable, "the environment variable is not set", "Set it, or give the argument itself")
    return value
