"""Names that arguments for keys have in other SDKs of WeChat Pay."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..http.names import letters, nearest

_SERIAL = "serial=..., of the merchant API certificate"
_CERTS = "certs={'PUB_KEY_ID_...': Path('pub_key.pem')}"
_CERTIFICATE = "merchant_cert=Path('apiclient_cert.pem')"
_APIV2_KEY = "apiv2_key=..., the 32 characters that sign APIv2 calls"
_EITHER_KEY = "apiv3_key=..., or apiv2_key=... for APIv2: they are two keys"

# Names by `letters`, so that `privateKey` and `private_key` are the same.
OF_KEYS: Mapping[str, str] = {
    "apikey": _EITHER_KEY,
    "apisecret": _EITHER_KEY,
    "certificate": _CERTIFICATE,
    "certpath": _CERTIFICATE,
    "certserialno": _SERIAL,
    "key": _EITHER_KEY,
    "keypath": "private_key=Path('apiclient_key.pem')",
    "mchapiv3key": "apiv3_key=...",
    "mchcert": _CERTIFICATE,
    "mchcertificateserialnumber": _SERIAL,
    "mchkey": "private_key=Path('apiclient_key.pem'), or apiv2_key=... where the key of APIv2 is meant",
    "mchprivatekey": "private_key=...",
    "merchant": _CERTIFICATE,
    "merchantcertificateprivatekey": "private_key=...",
    "merchantcertificateserialnumber": _SERIAL,
    "merchantid": "mchid=...",
    "merchantserialnumber": _SERIAL,
    "merchantv2secret": _APIV2_KEY,
    "merchantv3secret": "apiv3_key=...",
    "partnerkey": _APIV2_KEY,
    "pfx": "private_key=..., which reads PKCS#12 too, and merchant_cert=... for APIv2",
    "platformcerts": "certs={serial: Path('wechatpay_....pem')}",
    "privatekeyfrompath": "private_key=Path(...)",
    "privatekeypath": "private_key=Path(...)",
    "publickey": _CERTS,
    "publickeyfrompath": _CERTS,
    "publickeyid": _CERTS,
    "secret": _APIV2_KEY,
    "secretkey": "apiv3_key=...",
    "serialno": _SERIAL,
    "spmchid": "mchid=..., the partner's own number",
    "v2secretkey": _APIV2_KEY,
}
_ARGUMENT = re.compile(r"(\w+)=")


def hint(name: str, names: frozenset[str], elsewhere: Mapping[str, str]) -> str:
    """An unknown name, and the one that is probably meant, for an error.

    Args:
        name: as it was given.
        names: the names that the function knows.
        elsewhere: names of the arguments in other SDKs, by `letters`. Those of arguments that this function doesn't
            have are ignored.
    """
    plain = letters(name)
    own = next((known for known in names if letters(known) == plain), None)
    meant = f"{own}=..." if own else elsewhere.get(plain)
    if meant is None or not names.issuperset(_ARGUMENT.findall(meant)):
        close = nearest(name, names)
        meant = f"{close}=..." if close else None
    return repr(name) if meant is None else f"{name!r}: give {meant}"
