"""The two keys that merchants set in the portal: the APIv3 key, which encrypts, and the APIv2 key, which signs.

https://pay.weixin.qq.com/doc/v3/merchant/4013053267
"""

from __future__ import annotations

from ..errors import ConfigurationError, type_of
from . import aead, shapes
from .concealed import Concealed

_APIV2_KEY_SIZE = 32


def load_apiv3_key(apiv3_key: str | bytes | None, argument: str = "apiv3_key") -> Concealed[bytes] | None:
    """The 32 bytes of an APIv3 key, or of a brand API key.

    Args:
        apiv3_key: as a caller gave it.
        argument: the argument's name, for errors.

    Raises:
        ConfigurationError: it has another length.
    """
    if apiv3_key is None:
        return None
    if not isinstance(apiv3_key, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(argument, f"{type_of(apiv3_key)} was found", "Give a str of 32 characters")
    key = apiv3_key.encode("utf-8", "replace") if isinstance(apiv3_key, str) else apiv3_key
    if len(key) != aead.KEY_SIZE:
        raise ConfigurationError(
            argument,
            _found(key.decode("utf-8", "replace"), f"{len(key)} bytes"),
            f"Give the {aead.KEY_SIZE} characters that were set in the portal under API security",
        )
    return Concealed(key)


def load_apiv2_key(apiv2_key: object) -> Concealed[str] | None:
    """The 32 characters of an APIv2 key, checked.

    Raises:
        ConfigurationError: it is no string, or has another length; an empty one, with which anyone could sign.
    """
    if apiv2_key is None:
        return None
    if not isinstance(apiv2_key, str) or len(apiv2_key) != _APIV2_KEY_SIZE:
        found = (
            _found(apiv2_key, f"{len(apiv2_key)} characters")
            if isinstance(apiv2_key, str)
            else f"{type_of(apiv2_key)} was found"
        )
        raise ConfigurationError(
            "apiv2_key", found, f"Give the {_APIV2_KEY_SIZE} characters set in the merchant portal"
        )
    return Concealed(apiv2_key)


def _found(text: str, size: str) -> str:
    """What was given in place of a key, such as a serial number or the key in quotes."""
    shape = shapes.shape_of(text)
    if shape is None or len(shapes.plain(text)) == _APIV2_KEY_SIZE:
        return f"{size} were found{shapes.around(text)}"
    return f"{size} were found, {shape}"
