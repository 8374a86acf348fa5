"""The credentials of a merchant, checked together when a client is made.

https://pay.weixin.qq.com/doc/v3/merchant/4013070756
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from ..crypto import keys, serials, shapes
from ..crypto.api_keys import load_apiv2_key, load_apiv3_key
from ..crypto.asymmetric import Algorithm, PrivateKey
from ..crypto.concealed import Concealed
from ..errors import ConfigurationError, type_of
from ..http.value import frozen
from ..wire import authorization
from ..wire.signature_types import OF_MERCHANT
from .platform_keys import PlatformKeys, Preference, check_foreign, load_platform_keys
from .signer import Signer, algorithm_of, load_signer

if TYPE_CHECKING:
    from ssl import SSLContext

_MCHID = re.compile(r"[0-9]{1,32}", re.ASCII)
_LONGEST_SHOWN = 16


@frozen(kw_only=True)
class Credentials:
    """What a merchant signs, verifies and decrypts with. Its repr shows no key.

    Attributes:
        mchid: merchant number.
        serial: serial number of the merchant API certificate.
        signer: signs requests.
        private_key: decrypts what the platform encrypted for the merchant; None with a `Signer` of the caller's own.
        platform_keys: the platform's keys.
        apiv3_key: decrypts notifications and downloaded certificates.
        apiv2_key: signs APIv2 calls.
        client_tls: makes the TLS context that presents the merchant certificate; None where there is none to present.
    """

    mchid: str
    serial: str
    signer: Signer = field(repr=False)
    private_key: PrivateKey | None = field(repr=False)
    platform_keys: PlatformKeys = field(repr=False)
    apiv3_key: Concealed[bytes] | None = field(default=None, repr=False)
    apiv2_key: Concealed[str] | None = field(default=None, repr=False)
    client_tls: Callable[[], SSLContext] | None = field(default=None, repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm that the merchant signs with, and the platform for him."""
        return algorithm_of(self.signer)

    @property
    def authorize(self) -> Callable[[str, str, str], str]:
        """A function of nonce, timestamp and Base64 of the signature that writes the `Authorization` header."""
        return partial(authorization.write, OF_MERCHANT[self.algorithm], self.mchid, self.serial)

    @classmethod
    def load(
        cls,
        mchid: str,
        serial: str,
        private_key: keys.PrivateKeySource | Signer,
        certs: Mapping[str, keys.PublicKeySource] | None,
        *,
        apiv3_key: str | bytes | None = None,
        apiv2_key: str | None = None,
        merchant_cert: keys.PublicKeySource | SSLContext | None = None,
        prefer: Preference = "public_key",
        renews: bool = False,
    ) -> Credentials:
        """Load and check everything; arguments as for `WeChatPay`, where `renews` says that certificates come later.

        Raises:
            ConfigurationError: the first mistake found, with the argument, what was found, and the remedy.
        """
        check_mchid(mchid)
        serial = check_serial(serial)
        signer, key = load_signer(private_key, mchid)
        _check_certs(certs, renews=renews)
        algorithm = algorithm_of(signer)
        platform_keys = load_platform_keys(certs or {}, prefer=prefer, algorithm=algorithm, merchant_serial=serial)
        if not renews:
            _check_kinds(platform_keys)
        check_foreign(platform_keys, serial, key)
        client_tls = None
        if merchant_cert is not None:
            from .client_certificate import load_client_tls  # only where there is a certificate

            client_tls = load_client_tls(merchant_cert, serial, key, mchid)
        return cls(
            mchid=mchid,
            serial=serial,
            signer=signer,
            private_key=key,
            platform_keys=platform_keys,
            apiv3_key=load_apiv3_key(apiv3_key),
            apiv2_key=load_apiv2_key(apiv2_key),
            client_tls=client_tls,
        )


def check_mchid(mchid: object) -> None:
    """Refuse anything that is no merchant number.

    Raises:
        ConfigurationError: it is something else.
    """
    if not isinstance(mchid, str) or not _MCHID.fullmatch(mchid):
        # Only a short value is shown: in the wrong order of arguments it may be a key.
        found = type_of(mchid)
        if isinstance(mchid, str):
            found = f"{mchid!r}" if len(mchid) <= _LONGEST_SHOWN else shapes.what_is(mchid)
        raise ConfigurationError("mchid", f"{found} was found", "Give the merchant number as a string of digits")


def check_serial(serial: object, owner: str = "merchant") -> str:
    """The serial number of an API certificate, in capitals.

    Args:
        serial: as a caller gave it.
        owner: whose certificate it is, for the error.

    Raises:
        ConfigurationError: it is something else.
    """
    if isinstance(serial, str) and serials.is_certificate_serial(serial):
        return serials.canonical(serial)
    remedy = (
        f"Give the 40 hexadecimal digits of the {owner} API certificate "
        "(openssl x509 -in apiclient_cert.pem -noout -serial)"
    )
    if not isinstance(serial, str):
        digits = serials.hexadecimal(str(serial)) if isinstance(serial, int) else None
        remedy = remedy if digits is None else f"Give its hexadecimal digits, as text: {digits!r}"
        raise ConfigurationError("serial", f"{type_of(serial)} was found", remedy)
    if serial.strip().startswith(serials.PUBLIC_KEY_PREFIX):
        remedy = f"Give the serial of the {owner} API certificate; the public key belongs in certs"
    elif (digits := serials.hexadecimal(serial)) is not None:
        remedy = f"Give its hexadecimal digits: {digits!r}"
    raise ConfigurationError("serial", f"{shapes.what_is(serial)} was found", remedy)


def _check_certs(certs: object, *, renews: bool) -> None:
    """Refuse `certs` that are missing, unless certificates are downloaded, or that are no mapping."""
    if not certs and not renews:
        raise ConfigurationError(
            "certs",
            "no platform key was given, so no answer could be verified",
            "Give {'PUB_KEY_ID_...': Path('pub_key.pem')}: identifier and file are in the merchant "
            "portal under API security",
        )
    if not isinstance(certs, Mapping | None):
        raise ConfigurationError(
            "certs",
            f"{type_of(certs)} was found",
            "Give a dict: {'PUB_KEY_ID_...': Path(...)}",
        )


def _check_kinds(platform_keys: PlatformKeys) -> None:
    """Refuse platform keys if none has the algorithm of the merchant's key: no answer could be verified."""
    if platform_keys.preferred is not None:
        return
    if platform_keys.algorithm == "SM2":
        found = "private_key is of SM2, and no platform certificate of SM2 is here"
        remedy = "Add the one from GET /v3/certificates?algorithm_type=SM2, or give renewal=Renewal() with apiv3_key"
    else:
        found = "private_key is of RSA, and all platform keys are of SM2"
        remedy = "Add the WeChat Pay public key or a platform certificate of RSA, or give the merchant's key of SM2"
    raise ConfigurationError("certs", found, remedy)
