"""What a client's arguments are called elsewhere: in other SDKs of WeChat Pay, and in HTTP libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ..crypto.concealed import UnknownArgument
from ..http.names import letters

_SERIAL = "serial=..., of the merchant API certificate"
_CERTS = "certs={'PUB_KEY_ID_...': Path('pub_key.pem')}"
_CERTIFICATE = "merchant_cert=Path('apiclient_cert.pem')"
_APIV2_KEY = "apiv2_key=..., the 32 characters that sign APIv2 calls"
_EITHER_KEY = "apiv3_key=..., or apiv2_key=... for APIv2: they are two keys"
_OF_A_CALL = "it in the payload of each call, json={...}"
_OF_A_PARTNER = f"{_OF_A_CALL}: a partner's client takes no other arguments"
_SESSION = "session=aiohttp.ClientSession(...), which brings its own"

# By their letters alone: `privateKey` and `private_key` are one.
_MEANT: Mapping[str, str] = {
    "apikey": _EITHER_KEY,
    "apisecret": _EITHER_KEY,
    "appid": _OF_A_CALL,
    "baseuri": "base_url=...",
    "certdir": "renewal=Renewal(...)",
    "certificate": _CERTIFICATE,
    "certpath": _CERTIFICATE,
    "certserialno": _SERIAL,
    "headers": "headers={...} to the verb of a call",
    "host": "base_url=...",
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
    "notifyurl": _OF_A_CALL,
    "partnerkey": _APIV2_KEY,
    "partnermode": _OF_A_PARTNER,
    "pfx": "private_key=..., which reads PKCS#12 too, and merchant_cert=... for APIv2",
    "platformcerts": "certs={serial: Path('wechatpay_....pem')}",
    "privatekeyfrompath": "private_key=Path(...)",
    "privatekeypath": "private_key=Path(...)",
    "proxies": _SESSION,
    "proxy": _SESSION,
    "publickey": _CERTS,
    "publickeyfrompath": _CERTS,
    "publickeyid": _CERTS,
    "secret": _APIV2_KEY,
    "secretkey": "apiv3_key=...",
    "serialno": _SERIAL,
    "spmchid": "mchid=..., the partner's own number",
    "submchid": _OF_A_PARTNER,
    "v2secretkey": _APIV2_KEY,
    "verify": "session=aiohttp.ClientSession(...), if the certificate of a proxy must be trusted",
}
_MOST = 3


def check_names(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse arguments that a client hasn't, and say what each is called here.

    Args:
        owner: the name of the class, for the text.
        given: the names that were given.
        known: the names that there are.

    Raises:
        UnknownArgument: one isn't known.
    """
    names = frozenset(known)
    unknown = [name for name in given if name not in names]
    if unknown:
        hints = "; ".join(_hint(name, names) for name in unknown[:_MOST])
        raise UnknownArgument(f"{owner}() got an unexpected keyword argument {hints}")


def _hint(name: str, names: frozenset[str]) -> str:
    plain = letters(name)
    own = next((known for known in names if letters(known) == plain), None)
    meant = f"{own}=..." if own else _MEANT.get(plain)
    if meant is None:
        close = get_close_matches(name, sorted(names), n=1)
        meant = f"{close[0]}=..." if close else None
    if meant is None:
        return repr(name)
    return f"{name!r}: give {meant}"
