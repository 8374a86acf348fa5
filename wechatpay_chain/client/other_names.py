"""Names that a client's arguments have in other SDKs of WeChat Pay and in HTTP libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..credentials.arguments import check_names
from ..credentials.other_names import OF_KEYS

_OF_A_CALL = "it in the payload of each call"
_OF_A_PARTNER = f"{_OF_A_CALL}: a partner's client takes no other arguments"
_SESSION = "session=lambda: aiohttp.ClientSession(...), which brings its own"

# Names by `letters`, so that `baseUrl` and `base_url` are the same.
OF_CLIENTS: Mapping[str, str] = {
    **OF_KEYS,
    "appid": _OF_A_CALL,
    "baseuri": "base_url=...",
    "certdir": "renewal=Renewal(...)",
    "headers": "it to the verb of a call",
    "host": "base_url=...",
    "logger": "observe=logged(), from wechatpay_chain.observing",
    "notifyurl": _OF_A_CALL,
    "partnermode": _OF_A_PARTNER,
    "proxies": _SESSION,
    "proxy": _SESSION,
    "submchid": _OF_A_PARTNER,
    "wechatpaytype": "it as the path of each call: wxpay.v3.pay.transactions.native, .jsapi, .app or .h5",
    "verify": "session=aiohttp.ClientSession(...), if the certificate of a proxy must be trusted",
}


def check_arguments(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse unknown arguments, with the name that each has here.

    Args:
        owner: the name of the class, for the text.
        given: the names that were given.
        known: the names that there are.

    Raises:
        WrongArguments: one isn't known.
    """
    check_names(owner, given, known, OF_CLIENTS)
