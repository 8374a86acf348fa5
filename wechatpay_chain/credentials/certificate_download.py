"""Downloading platform certificates, and accepting only those that the platform encrypted for this merchant.

https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/apilist.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from ..crypto.concealed import Concealed
from ..errors import APIError, ConfigurationError, DecodeError, WeChatPayError
from ..http.request import Request
from ..pipeline import Handler
from ..wire import v3
from ..wire.refusal import api_error
from ..wire.v3 import certificates
from ..wire.v3.certificates import SealedCertificate
from .platform_keys import PlatformKey, PlatformKeys, load_platform_keys

MAINLAND = "/v3/certificates"
OVERSEAS = "/v3/global/certificates"

_NO_CERTIFICATES = frozenset({"RESOURCE_NOT_EXISTS", "NOT_FOUND"})
_SWITCH = (
    "Merchants without platform certificates use the WeChat Pay public key: download it in the merchant portal under "
    "API security and give certs={'PUB_KEY_ID_...': Path('pub_key.pem')}, without renewal"
)
_ABROAD = f"Overseas merchants download their certificates from another path: Renewal(path={OVERSEAS!r})"

AlgorithmType = Literal["RSA", "SM2", "ALL"]
"""Which platform certificates to ask for."""

Opened = tuple[SealedCertificate, PlatformKey]
"""A certificate as it came, and the key in it."""


class CertificateDownload:
    """Downloads the platform's certificates of a merchant.

    Args:
        send: signs and sends a request, and returns its answer unverified.
        path: where to download from.
        apiv3_key: opens the certificates.
        time: returns Unix time in seconds.
        algorithm_type: which kind to ask for. For RSA the parameter is left out, as it is optional.
    """

    def __init__(
        self,
        send: Handler,
        path: str,
        apiv3_key: Concealed[bytes],
        time: Callable[[], float],
        algorithm_type: AlgorithmType = "RSA",
    ) -> None:
        self._params = None if algorithm_type == "RSA" else {"algorithm_type": algorithm_type}
        self._send = send
        self._path = path
        self._apiv3_key = apiv3_key
        self._time = time

    async def __call__(self, known: Iterable[PlatformKey]) -> list[Opened]:
        """The current certificates.

        Args:
            known: keys that may have signed the answer, beside those in the answer.

        Raises:
            ConfigurationError: the merchant has no platform certificates, or the APIv3 key doesn't open them.
            WeChatPayError: the download failed, or its answer must not be believed.
        """
        response = await self._send(Request(method="GET", template=self._path, params=self._params))
        if response.status != 200:
            raise _refused(api_error(response), self._path)
        now = self._time()
        opened = open_certificates(certificates.parse(response.content), self._apiv3_key)
        keys = PlatformKeys((*known, *(key for _, key in opened)))
        # Only a holder of the APIv3 key can have encrypted the certificates in the answer, so they may verify it:
        # https://pay.weixin.qq.com/doc/v3/partner/4013059030
        v3.verify(response.headers, response.content, keys, now)
        return opened


def open_certificates(told: Iterable[SealedCertificate], apiv3_key: bytes | Concealed[bytes]) -> list[Opened]:
    """Decrypt certificates, and load the keys in them.

    Raises:
        DecryptionError: the APIv3 key doesn't open them.
        DecodeError: one can't be read, or is another than the answer says.
    """
    opened: list[Opened] = []
    for sealed in told:
        pem = sealed.open(apiv3_key)
        try:
            opened += [(sealed, key) for key in load_platform_keys({sealed.serial: pem})]
        except ConfigurationError as error:
            raise DecodeError(
                f"what came as the platform certificate {sealed.serial[:64]!r} can't be used: {error.found}"
            ) from None
    return opened


def _refused(refusal: APIError, path: str) -> WeChatPayError:
    abroad = path == MAINLAND and 400 <= refusal.status < 500
    if refusal.status == 404 or refusal.code in _NO_CERTIFICATES:
        remedy = f"{_SWITCH}. {_ABROAD}" if abroad else _SWITCH
        return ConfigurationError("certs", f"the platform has no certificates for this merchant ({refusal})", remedy)
    if refusal.status >= 500:
        # Seen for merchants in public-key mode too.
        refusal.add_note(_SWITCH)
    elif abroad:
        refusal.add_note(_ABROAD)
    return refusal
