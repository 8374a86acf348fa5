"""The platform keys that are trusted.

WeChat Pay signs with the key of a platform certificate (named by its serial) or with the WeChat Pay public key (named
by `PUB_KEY_ID_...`); during a switch from one to the other both are in use.
https://pay.weixin.qq.com/doc/v3/merchant/4012154180
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from ..crypto import keys, serials, shapes
from ..crypto.asymmetric import Algorithm, PrivateKey, PublicKey, algorithm_of
from ..errors import ConfigurationError, SignatureError, type_of
from ..http.value import frozen

Preference = Literal["public_key", "certificate"]
"""Which kind of key answers are to be signed with and secrets encrypted with, if there are both."""


@frozen()
class PlatformKey:
    """A key of the platform, under the name that `Wechatpay-Serial` gives it.

    Attributes:
        serial: certificate serial, or `PUB_KEY_ID_...`.
        public_key: verifies the platform's signatures, encrypts secrets for it.
        not_before: start of the certificate's validity; None for a public key.
        not_after: end of the certificate's validity; None for a public key.
    """

    serial: str
    public_key: PublicKey
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the key."""
        return algorithm_of(self.public_key)

    @property
    def is_certificate(self) -> bool:
        """Whether it came in a certificate, which expires."""
        return self.not_after is not None

    def is_valid(self, now: datetime) -> bool:
        """Whether the certificate's validity covers `now`; a public key has no end."""
        return self.not_before is None or self.not_after is None or self.not_before <= now <= self.not_after


class PlatformKeys:
    """An immutable set of platform keys, looked up by serial in any spelling.

    Args:
        platform_keys: the keys, of any number and of both kinds.
        prefer: which kind answers are to be signed with and secrets encrypted with. During the switch from certificates
            to the public key the merchant chooses by this; keys of the other kind are still trusted.
        now: aware; a certificate that isn't valid then is not preferred. None ignores validity.
        algorithm: of the merchant's key. During the switch to SM keys of both algorithms are trusted; those of this
            one are preferred.
    """

    __slots__ = ("_keys", "algorithm", "has_sm2", "preferred")

    def __init__(
        self,
        platform_keys: Iterable[PlatformKey],
        *,
        prefer: Preference = "public_key",
        now: datetime | None = None,
        algorithm: Algorithm = "RSA",
    ) -> None:
        self._keys = {serials.key(key.serial): key for key in platform_keys}
        self.algorithm: Algorithm = algorithm
        self.has_sm2 = any(key.algorithm == "SM2" for key in self._keys.values())
        """Whether there is a key of SM2, which is slower than RSA."""
        ours = [key for key in self._keys.values() if key.algorithm == algorithm]
        usable = [key for key in ours if now is None or key.is_valid(now)]
        self.preferred: PlatformKey | None = max(usable, key=partial(_preference, prefer), default=None)
        """The key to encrypt secrets with and to ask for in answers: the public key or the newest certificate."""

    def find(self, serial: str) -> PlatformKey | None:
        """The key of this serial, or None."""
        return self._keys.get(serial) or self._keys.get(serials.key(serial))

    def verifying_key(self, serial: str, now: float) -> PublicKey | None:
        """The key to check a signature with, None for an unknown serial.

        https://pay.weixin.qq.com/wiki/doc/apiv3/wechatpay/wechatpay5_0.shtml: nothing is signed with an expired one.

        Args:
            serial: what `Wechatpay-Serial` says.
            now: Unix time in seconds.

        Raises:
            SignatureError: the certificate isn't valid now.
        """
        key = self.find(serial)
        if key is None:
            return None
        if key.not_after is not None and not key.is_valid(moment(now)):
            raise SignatureError(
                f"the platform certificate {key.serial} is valid from {key.not_before} to {key.not_after} only, and "
                "the platform signs with valid ones. Download the current certificates, or switch to the public key"
            )
        return key.public_key

    def by_name(self) -> dict[str, PublicKey]:
        """All keys by their names, to find out which one made a signature."""
        return {key.serial: key.public_key for key in self}

    def __iter__(self) -> Iterator[PlatformKey]:
        return iter(self._keys.values())


def moment(now: float) -> datetime:
    """A Unix time as a `datetime`; a year out of its range, from a clock that is far off, becomes the nearest one.

    Args:
        now: Unix time in seconds.
    """
    try:
        return datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC) if now > 0 else datetime.min.replace(tzinfo=UTC)


def load_platform_keys(
    certs: Mapping[str, keys.PublicKeySource],
    *,
    prefer: Preference = "public_key",
    algorithm: Algorithm = "RSA",
    merchant_serial: str = "",
) -> PlatformKeys:
    """Load platform certificates and public keys.

    Args:
        certs: certificate serial or `PUB_KEY_ID_...` -> certificate or public key, in any form of `crypto.keys`.
        prefer: which kind to ask answers from and to encrypt with.
        algorithm: of the merchant's key, whose kind is preferred.
        merchant_serial: of the merchant's own certificate, to recognise it where it was given as the platform's.

    Raises:
        ConfigurationError: a key can't be read, or stands under another name than its own.
    """
    loaded = [_load(serial, source, merchant_serial) for serial, source in certs.items()]
    return PlatformKeys(loaded, prefer=prefer, algorithm=algorithm)


def own_key_found(argument: str, owner: str = "merchant") -> ConfigurationError:
    """The error of one's own key or certificate in the platform's place.

    Args:
        argument: the argument's name.
        owner: whose key it is.
    """
    return ConfigurationError(
        argument,
        f"the {owner}'s own certificate or public key was found",
        "Give the platform's: pub_key.pem of the merchant portal, or a certificate from GET /v3/certificates",
    )


def check_foreign(
    platform_keys: PlatformKeys, serial: str, private_key: PrivateKey | None, owner: str = "merchant"
) -> None:
    """Refuse one's own key or certificate among those of the platform.

    Args:
        platform_keys: of `certs`.
        serial: of one's own certificate.
        private_key: one's own; None where it isn't here.
        owner: whose it is, for the error.

    Raises:
        ConfigurationError: it is there.
    """
    own = private_key.public_key() if private_key is not None else None
    for key in platform_keys:
        if key.public_key == own:
            raise own_key_found(f"certs[{key.serial!r}]", owner)
    if platform_keys.find(serial) is not None:
        raise ConfigurationError(
            "serial",
            f"{serial} is also the serial of a platform certificate in certs",
            f"serial names the {owner} API certificate (apiclient_cert.pem); certs takes certificates of the platform",
        )


def _whole(serial: str) -> str:
    """The whole identifier for one in other letters or without its prefix; with dots where it can't be told."""
    digits = re.sub(r"^pub[-_ ]?key[-_ ]?id[-_ ]?", "", shapes.plain(serial), flags=re.IGNORECASE)
    digits = "".join(digits.partition("#")[0].split())  # without the comment that an env file left, and blanks in it
    is_whole = digits.isascii() and digits.isalnum() and not serials.is_certificate_serial(digits)
    return serials.PUBLIC_KEY_PREFIX + (digits if is_whole else "...")


def _check_identifier(serial: str, argument: str) -> None:
    number = serial.removeprefix(serials.PUBLIC_KEY_PREFIX)
    if number != serial and number.isascii() and number.isalnum():
        return
    found = f"a public key without the prefix {serials.PUBLIC_KEY_PREFIX}"
    if serials.is_certificate_serial(serial):
        found = "a public key under the serial number of a certificate"
    elif shapes.around(serial):
        found = f"an identifier{shapes.around(serial)}"
    elif number != serial:
        is_parted = len(serial.split()) > 1
        form = f"{serials.PUBLIC_KEY_PREFIX} with letters and digits behind it"
        found = "an identifier with a blank in it" if is_parted else f"an identifier that isn't {form}"
    raise ConfigurationError(
        argument, found, f"Write the identifier whole, as the merchant portal shows it: {_whole(serial)}"
    )


def _check_name(name: object) -> None:
    """Refuse a name that is none. It isn't shown, as it may be the key itself."""
    found = type_of(name)
    if isinstance(name, str):
        if name.startswith(serials.PUBLIC_KEY_PREFIX) or not shapes.may_be_key(name):
            return
        found = shapes.what_is(name)
    raise ConfigurationError(
        "certs",
        "a key under no name: perhaps its variable isn't set"
        if name is None
        else f"a key under {found} in place of its name",
        "Name each by a text: {'PUB_KEY_ID_...': Path('pub_key.pem')}, a certificate by its serial",
    )


def _load(serial: str, source: keys.PublicKeySource, merchant_serial: str) -> PlatformKey:
    _check_name(serial)
    argument = f"certs[{serial!r}]"
    public_key, certificate = keys.load_public_key(source, argument=argument, serial=serial)
    serial = serials.canonical(serial)
    if certificate is None:
        _check_identifier(serial, argument)
        return PlatformKey(serial, public_key)
    own = serials.from_number(certificate.serial_number)
    if serials.key(serial) != serials.key(own):
        if serials.key(merchant_serial) == serials.key(own):
            raise own_key_found(argument)
        raise ConfigurationError(argument, f"a certificate with the serial {own} was found", f"Name it {own!r}")
    return PlatformKey(serial, public_key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _preference(prefer: Preference, key: PlatformKey) -> tuple[bool, datetime]:
    return key.is_certificate == (prefer == "certificate"), key.not_before or datetime.max.replace(tzinfo=UTC)
