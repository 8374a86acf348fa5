"""The key that encrypts payments to bank cards. The first call that needs it downloads it; then it is kept.

https://pay.weixin.qq.com/doc/v2/merchant/4011941097
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .._threads import in_thread
from ..catalogue import find
from ..crypto.keys import load_public_key
from ..errors import DecodeError, WeChatPayError
from ..http.request import Request
from ..http.timeout import Timeout
from ..pipeline import Handler, Middleware, compose
from ..wire.refusal import api_error, is_refusal

_METHOD, _PATH = "POST", "/v2/risk/getpublickey"
_NOT_SENT = "This happened while the key for bank cards was asked for; the call itself was not sent."


class BankKey:
    """Downloads the key once, by a call of its own.

    Args:
        outside: the steps that observe this call, outside of all others.
    """

    def __init__(self, outside: Sequence[Middleware] = ()) -> None:
        self._outside = outside
        self._key: RSAPublicKey | None = None

    async def get(self, call_next: Handler, timeouts: Timeout) -> RSAPublicKey:
        """The key.

        Args:
            call_next: encodes, signs and sends a call of APIv2.
            timeouts: the time that is left to the call that needs the key.

        Raises:
            WeChatPayError: the download failed. Its outcome is that of the call that needs the key: `not_sent`.
        """
        if self._key is not None:
            return self._key
        request = Request(method=_METHOD, template=_PATH, timeout=timeouts, operation=find(_METHOD, _PATH))
        try:
            answer = await compose(self._outside, call_next)(request)
            if is_refusal(answer):
                raise api_error(answer, request.operation)
            source = (answer.fields or {}).get("pub_key", "").encode()  # a text may be the name of a file
            key, _ = await in_thread(load_public_key, source, argument="pub_key")
            if not isinstance(key, RSAPublicKey):
                raise DecodeError("the platform's key for bank cards is not one of RSA")
        except WeChatPayError as error:
            error.outcome, error.attempts = "not_sent", 0
            error.add_note(_NOT_SENT)
            raise
        self._key = key
        return key
