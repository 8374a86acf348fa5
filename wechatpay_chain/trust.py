"""Which platform keys are believed.

WeChat Pay signs with the key of a platform certificate (named by its serial) or with the WeChat Pay public key (named
by `PUB_KEY_ID_...`); during a switch from one to the other both are in use.
https://pay.weixin.qq.com/doc/v3/merchant/4012154180
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .crypto import keys, serials
from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key of the platform, under the name that `Wechatpay-Serial` gives it.

    Attributes:
        serial: certificate serial, or `PUB_KEY_ID_...`.
        public_key: verifies the platform's signatures, encrypts secrets for it.
        not_before: start of the certificate's validity; None for a public key.
        not_after: end of the certificate's validity; None for a public key.
    """

    serial: str
    public_key: RSAPublicKey
    not_before: datetime | None = None
    not_after: datetime | None = None


class PlatformKeys:
    """An immutable set of platform keys, looked up by serial in any spelling."""

    __slots__ = ("_keys", "preferred")

    def __init__(self, platform_keys: Iterable[PlatformKey]) -> None:
        self._keys = {serials.key(key.serial): key for key in platform_keys}
        self.preferred: PlatformKey | None = max(self._keys.values(), key=_preference, default=None)
        """The key to encrypt with and to ask answers from: the public key, else the newest certificate."""

    def find(self, serial: str) -> PlatformKey | None:
        """The key of this serial, or None."""
        return self._keys.get(serials.key(serial))

    def __iter__(self) -> Iterator[PlatformKey]:
        return iter(self._keys.values())


def load_platform_keys(certs: Mapping[str, keys.PublicKeySource]) -> PlatformKeys:
    """Load platform certificates and public keys.

    Args:
        certs: certificate serial or `PUB_KEY_ID_...` -> certificate or public key, in any form of `crypto.keys`.

    Raises:
        ConfigurationError: a key that can't be read, or that is filed under another name than its own.
    """
    return PlatformKeys([_load(serial, source) for serial, source in certs.items()])


def _load(serial: str, source: keys.PublicKeySource) -> PlatformKey:
    argument = f"certs[{serial!r}]"
    public_key, certificate = keys.load_public_key(source, argument=argument)
    serial = serials.canonical(serial)
    if certificate is None:
        if not serial.startswith(serials.PUBLIC_KEY_PREFIX):
            raise ConfigurationError(
                argument,
                f"a public key without the prefix {serials.PUBLIC_KEY_PREFIX}",
                f"Write the identifier whole, as the merchant portal shows it: {serials.PUBLIC_KEY_PREFIX}{serial}",
            )
        return PlatformKey(serial, public_key)
    own = serials.from_number(certificate.serial_number)
    if serials.key(serial) != serials.key(own):
        raise ConfigurationError(argument, f"a certificate with the serial {own}", f"File it under {own!r}")
    return PlatformKey(serial, public_key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _preference(key: PlatformKey) -> tuple[bool, datetime]:
    return key.not_before is None, key.not_before or datetime.max.replace(tzinfo=UTC)
