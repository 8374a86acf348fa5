"""`Reader`: verifies and decrypts notifications, with the keys of the merchant or the brand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ..credentials.arguments import conceals_arguments
from ..credentials.platform_keys import PlatformKeys, load_platform_keys
from ..credentials.trust_store import TrustStore
from ..crypto import keys
from ..crypto.api_keys import load_apiv2_key, load_apiv3_key
from ..crypto.asymmetric import PrivateKey, PublicKey
from ..crypto.concealed import Concealed
from ..errors import ConfigurationError, DecodeError, type_of
from ..wire import v3
from . import sealed
from .arguments import check_certs
from .body import BLANKS, is_page, is_xml
from .headers import HeaderSource, verifying_headers
from .notification import Notification

if TYPE_CHECKING:
    from ..credentials.brand import Brand


class Reader:
    """Verifies and decrypts notifications: a merchant's of APIv3 and APIv2, and those of a brand.

    Args:
        apiv3_key: as for `Webhook`.
        certs: as for `Webhook`.
        apiv2_key: as for `Webhook`.
        private_key: as for `Webhook`.
        brand: as for `Webhook`.
        clock: as for `Webhook`.

    Raises:
        ConfigurationError: an argument is wrong, or nothing could be read with these.
    """

    @conceals_arguments
    def __init__(
        self,
        apiv3_key: str | bytes | None,
        certs: Mapping[str, keys.PublicKeySource] | TrustStore | None,
        apiv2_key: str | None,
        private_key: keys.PrivateKeySource | None,
        brand: Brand | None,
        clock: Callable[[], float],
    ) -> None:
        self._apiv3_key = load_apiv3_key(apiv3_key)
        self._apiv2_key = load_apiv2_key(apiv2_key)
        self._trust = _trust(certs)
        own_key = None if private_key is None else keys.load_private_key(private_key)
        self._merchant = (
            None if self._apiv3_key is None else _Receiver(self._trust, self._apiv3_key, own_key, v3.verify)
        )
        self._brand = None if brand is None else _Receiver.of_brand(brand, self._trust)
        self._is_for_apiv2_alone = self._merchant is None and self._brand is None
        self._clock = clock
        self._check()

    @property
    def has_sm2(self) -> bool:
        """Whether there is a key of SM2, which is slower than RSA."""
        return self._trust.keys.has_sm2

    def read(self, headers: HeaderSource, body: bytes) -> Notification[dict[str, Any]]:
        """The notification, verified and decrypted; raises as `Webhook.open`."""
        if body[:1] != b"{" and is_xml(body):
            return self._read_xml(body)
        if self._is_for_apiv2_alone and not body.lstrip(BLANKS).startswith(b"{"):
            found = "no XML, as those of APIv2 are: perhaps Base64, a form, or cut off" if body.strip() else "empty"
            raise DecodeError(f"its body is {found}. Give the raw bytes of the request, which can be read once")
        return self._read_sealed(verifying_headers(headers), body)

    def _read_sealed(self, headers: Mapping[str, str], body: bytes) -> Notification[dict[str, Any]]:
        receiver, now = self._receiver(headers.get(v3.SERIAL_HEADER, "")), self._clock()
        receiver.verify(headers, body, receiver, now)
        notification = sealed.read(body, receiver.api_key, v3.sealed_with(headers))
        if receiver.private_key is None:
            return notification
        resource = sealed.decrypt_fields(
            notification.resource, notification.event_type, notification.original_type, receiver.private_key
        )
        return replace(notification, resource=resource)

    def _receiver(self, serial: str) -> _Receiver:
        """The receiver whose platform key the notification names; the merchant for an unknown key."""
        owner = self._brand
        if owner is not None and (self._merchant is None or owner.trust.keys.find(serial) is not None):
            return owner
        if self._merchant is None:
            raise ConfigurationError("apiv3_key", "an APIv3 notification came", "Give apiv3_key and certs to read it")
        return self._merchant

    def _read_xml(self, body: bytes) -> Notification[dict[str, Any]]:
        if is_page(body):
            raise DecodeError("it is a web page, such as a proxy's or the shop's own, and no notification")
        if self._apiv2_key is None:
            raise ConfigurationError("apiv2_key", "an APIv2 notification came", "Give apiv2_key to verify it")
        from . import xml

        return xml.read(body, self._apiv2_key, self._apiv3_key)

    def _check(self) -> None:
        has_keys = self._trust.is_renewed or any(True for _ in self._trust.keys)
        if self._apiv3_key is None and has_keys:
            raise ConfigurationError("apiv3_key", "certs without it", "Give it: every resource is encrypted with it")
        if self._apiv3_key is None and self._apiv2_key is None and self._brand is None:
            raise ConfigurationError(
                "apiv3_key",
                "no key was given",
                "Give apiv3_key and certs, brand=, or apiv2_key for APIv2 notifications",
            )
        if self._apiv3_key is not None and not has_keys and self._apiv2_key is None:
            raise ConfigurationError(
                "certs",
                "no platform key was given, so no notification could be verified",
                "Give {'PUB_KEY_ID_...': Path('pub_key.pem')}: identifier and file are in the merchant "
                "portal under API security",
            )


class _Receiver(NamedTuple):
    """The keys to read notifications of a merchant or a brand with.

    Attributes:
        trust: the platform's keys.
        api_key: decrypts resources.
        private_key: decrypts fields that are encrypted for it; None leaves them encrypted.
        verify: checks a signature in this scheme.
    """

    trust: TrustStore
    api_key: Concealed[bytes]
    private_key: PrivateKey | None
    verify: Callable[..., None]

    @classmethod
    def of_brand(cls, owner: Brand, certs: TrustStore) -> Self:
        """The receiver of a brand, beside a merchant with these platform keys.

        Raises:
            ConfigurationError: the brand has no API key, or shares a platform key with the merchant.
        """
        from ..credentials.brand import Brand

        if not isinstance(owner, Brand):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise ConfigurationError(
                "brand", f"{type_of(owner)} was found", "Give Brand(brand_id, serial, private_key, certs, ...)"
            )
        if owner.api_key is None:
            raise ConfigurationError("brand", "its api_key is missing", "Give it: every resource is encrypted with it")
        from ..credentials.brand import check_apart
        from ..wire import brand as brand_scheme

        check_apart(owner, certs.keys)
        return cls(TrustStore(owner.platform_keys), owner.api_key, owner.private_key, brand_scheme.verify)

    def verifying_key(self, serial: str, now: float) -> PublicKey | None:
        """As `PlatformKeys.verifying_key`. An unknown serial is reported to the store, which may renew its keys."""
        key = self.trust.keys.verifying_key(serial, now)
        if key is None:
            self.trust.report(serial)
        return key

    def by_name(self) -> Mapping[str, PublicKey]:
        """As `PlatformKeys.by_name`."""
        return self.trust.keys.by_name()


def _trust(certs: Mapping[str, keys.PublicKeySource] | TrustStore | None) -> TrustStore:
    if isinstance(certs, TrustStore):
        return certs
    check_certs(certs)
    return TrustStore(load_platform_keys(certs) if certs else PlatformKeys(()))
