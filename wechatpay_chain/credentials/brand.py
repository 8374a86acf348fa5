"""The credentials of a brand. They are other ones than those of any merchant.

https://pay.weixin.qq.com/doc/brand/4015407568
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Self

from ..crypto import keys, serials
from ..crypto.api_keys import load_apiv3_key
from ..crypto.concealed import Concealed
from ..errors import ConfigurationError, type_of
from .arguments import conceals_arguments
from .merchant import check_serial
from .platform_keys import PlatformKey, PlatformKeys, check_foreign, load_platform_keys
from .signer import Signer, algorithm_of, load_signer

if TYPE_CHECKING:
    from ..crypto.asymmetric import PrivateKey

_BRAND_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_LONGEST_SHOWN = 20


@dataclass(frozen=True, slots=True, init=False, eq=False)
class Brand:
    """What a brand signs, verifies and decrypts with: `WeChatPay(..., brand=Brand(...))`. Its repr shows no key.

    Args:
        brand_id: the brand's number, digits.
        serial: serial number of the brand API certificate, 40 hexadecimal digits.
        private_key: its private key, in any form that the client's `private_key` has, or a `Signer`.
        certs: `PUB_KEY_ID_...` -> WeChat Pay public key of the brand; brands have no platform certificates.
        api_key: the brand API key, 32 characters; it opens the brand's notifications and is needed for nothing else.

    Attributes:
        brand_id: as given.
        serial: as given, in capitals.
        signer: signs requests.
        private_key: decrypts what the platform encrypted for the brand; None with a `Signer` of the caller's own.
        platform_keys: the platform's keys for this brand.
        api_key: opens notifications.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    brand_id: str
    serial: str = field(repr=False)
    signer: Signer = field(repr=False)
    private_key: PrivateKey | None = field(repr=False)
    platform_keys: PlatformKeys = field(repr=False)
    api_key: Concealed[bytes] | None = field(repr=False)

    @conceals_arguments
    def __init__(
        self,
        brand_id: str,
        serial: str,
        private_key: keys.PrivateKeySource | Signer,
        certs: Mapping[str, keys.PublicKeySource],
        *,
        api_key: str | bytes | None = None,
    ) -> None:
        _check_brand_id(brand_id)
        serial = check_serial(serial, "brand")
        signer, key = load_signer(private_key, brand_id)
        _check_rsa(signer)
        platform_keys = _load_public_keys(certs)
        check_foreign(platform_keys, serial, key, "brand")
        loaded = (brand_id, serial, signer, key, platform_keys, load_apiv3_key(api_key, "api_key"))
        for name, value in zip(self.__slots__, loaded, strict=True):
            object.__setattr__(self, name, value)

    @classmethod
    @conceals_arguments
    def from_env(cls, prefix: str = "WECHATPAY_BRAND_") -> Self:
        """A brand from environment variables.

        `ID`, `SERIAL`, `PRIVATE_KEY` (path or PEM), `PUBLIC_KEY` (path or PEM) with `PUBLIC_KEY_ID`; optional
        `API_KEY`; each with the prefix.

        Raises:
            ConfigurationError: a variable is missing, or its value is wrong.
        """
        names = ("ID", "SERIAL", "PRIVATE_KEY", "PUBLIC_KEY_ID", "PUBLIC_KEY")
        values = [os.environ.get(prefix + name) or "" for name in names]
        for name, value in zip(names, values, strict=True):
            if not value:
                remedy = "Set it, or give brand=Brand(...)"
                raise ConfigurationError(prefix + name, "the environment variable is not set", remedy)
        brand_id, serial, private_key, identifier, public_key = values
        api_key = os.environ.get(prefix + "API_KEY") or None
        return cls(brand_id, serial, private_key, {identifier: public_key}, api_key=api_key)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a brand's keys are not pickled: pickle what they were made of, if it may be kept")


def check_apart(brand: Brand, platform_keys: PlatformKeys) -> None:
    """Refuse a platform key that merchant and brand would share, because it shows for which of them a message is.

    Raises:
        ConfigurationError: they share one.
    """
    for key in brand.platform_keys:
        shared = next((other for other in platform_keys if _is_same(key, other)), None)
        if shared is not None:
            name = "" if shared.serial == key.serial else f" as {shared.serial}"
            raise ConfigurationError(
                "brand",
                f"its certs hold {key.serial}, which is in certs too{name}",
                "Give the brand the public key of the brand console, and the merchant the one of the merchant portal",
            )


def _is_same(key: PlatformKey, other: PlatformKey) -> bool:
    """Whether two keys are equal, or have the same name."""
    return serials.key(key.serial) == serials.key(other.serial) or key.public_key == other.public_key


def _check_brand_id(brand_id: object) -> None:
    if isinstance(brand_id, str) and _BRAND_ID.fullmatch(brand_id):
        return
    # Only a short value is shown: in the wrong order of arguments it may be a key.
    short = isinstance(brand_id, str) and len(brand_id) <= _LONGEST_SHOWN
    found = repr(brand_id) if short else type_of(brand_id)
    raise ConfigurationError("brand_id", f"{found} was found", "Give the brand's number as a string of digits")


def _check_rsa(signer: Signer) -> None:
    if algorithm_of(signer) != "RSA":
        raise ConfigurationError("private_key", "a key of SM2 was found", "Brands sign with keys of RSA")


def _load_public_keys(certs: Mapping[str, keys.PublicKeySource]) -> PlatformKeys:
    remedy = "Give {'PUB_KEY_ID_...': Path(...)}: identifier and file are in the brand console under API security"
    if not certs:
        raise ConfigurationError("certs", "no platform key was given, so no answer could be verified", remedy)
    if not isinstance(certs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("certs", f"{type_of(certs)} was found", remedy)
    loaded = load_platform_keys(certs)
    for key in loaded:
        if key.is_certificate:
            raise ConfigurationError(f"certs[{key.serial!r}]", "a platform certificate was found", remedy)
        if key.algorithm != "RSA":
            raise ConfigurationError(f"certs[{key.serial!r}]", "a key of SM2 was found", remedy)
    return loaded
