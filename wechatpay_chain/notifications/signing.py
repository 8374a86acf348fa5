"""Signing replies, for the notifications of cross-border institutions that ask for it.

https://pay.weixin.qq.com/doc/v3/institution/4019762388
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from .._arguments import TEXT, a_function, check_attributes, with_methods
from ..http.value import frozen
from ..wire import v3
from ..wire.authorization import Authorization
from ..wire.signature_types import OF_MERCHANT

if TYPE_CHECKING:
    from ..credentials.signer import Signer


class ReplySigner(Protocol):
    """Signs replies, for the notifications that ask for it."""

    async def headers(self, body: bytes) -> Mapping[str, str]:
        """The headers that carry the signature of a reply's content."""
        ...


_TAKES = {
    "mchid": TEXT,
    "serial": TEXT,
    "signer": with_methods("sign", remedy="Give an object with the coroutine function sign(message)"),
    "message": a_function("Give a function of timestamp, nonce and content that returns bytes"),
    "clock": a_function("Give a function that returns Unix time in seconds, such as time.time"),
}


@frozen(kw_only=True)
class AuthorizationSigner:
    """Puts an `Authorization` header on replies, as on requests.

    The page says which header, not which text is signed; timestamp, nonce and content are taken, as everywhere else
    where a message has no method and no path. `message` takes another rule, should the platform tell you one.

    Attributes:
        mchid: the institution's merchant number.
        serial: serial number of its API certificate.
        signer: makes the signature.
        message: makes the signed text of timestamp, nonce and content.
        clock: gives Unix time in seconds.

    Raises:
        ConfigurationError: one of them is wrong.
    """

    mchid: str
    serial: str
    signer: Signer = field(repr=False)
    message: Callable[[str, str, bytes], bytes] = v3.answer_message
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        check_attributes(_TAKES, "", self)

    async def headers(self, body: bytes) -> Mapping[str, str]:
        """The `Authorization` header of a reply with this content."""
        timestamp, nonce = str(int(self.clock())), v3.make_nonce()
        signature = await self.signer.sign(self.message(timestamp, nonce, body))
        # Imported here, because signers import asyncio, which a webhook that only verifies doesn't need.
        from ..credentials.signer import algorithm_of

        authorization = Authorization(
            signature_type=OF_MERCHANT[algorithm_of(self.signer)],
            owner=self.mchid,
            serial=self.serial,
            nonce=nonce,
            timestamp=timestamp,
            signature=base64.b64encode(signature).decode("ascii"),
        )
        return {"Authorization": str(authorization)}
