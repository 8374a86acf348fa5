"""The platform's own self-test: a call that changes nothing, signed, encrypted, verified and decrypted.

https://pay.weixin.qq.com/doc/v3/merchant/4014551946
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

from ...crypto.api_keys import load_apiv3_key
from ...errors import APIError, ConfigurationError, TransportError, TrustError, Unauthorized, WeChatPayError
from ...policies.retry import RetryPolicy
from ...wire.v3 import certificates
from ..checks import Check, failed
from ..settings import Settings

if TYPE_CHECKING:
    from ... import WeChatPay

_PATH = "v3/security/echo"
_NAME = "self-test"
_SIGNATURE = (
    "The platform could not verify the signature: the private key isn't the one of this serial, the serial is another "
    "merchant's or was revoked, or the merchant number is another's. Compare them with the merchant portal"
)
_SOURCE = (
    "The platform doesn't allow calls from this machine's address: add it in the merchant portal under API security"
)
_ADDRESS = ("IP", "ip地址", "白名单")


async def check(settings: Settings, *, seconds: float) -> list[Check]:
    """Make the call, and explain how it ended.

    Args:
        settings: of the client.
        seconds: for the whole call.
    """
    plain = secrets.token_hex(8)
    try:
        async with settings.client(retry=RetryPolicy(attempts=2), timeout=seconds, backups=()) as wxpay:
            answer = await wxpay.chain(_PATH).post(json={"echo_message": plain, "encrypted_echo_message": plain})
            apiv3_key = await _apiv3_key(wxpay, settings)
    except WeChatPayError as error:
        return [_failed(error)]
    members: object = answer.json()
    opened = isinstance(members, dict) and cast("dict[str, object]", members).get("encrypted_echo_message") == plain
    return [
        Check(
            name=f"{_NAME}: signature", result="ok", found="the platform accepted it, and its answer's signature holds"
        ),
        Check(name=f"{_NAME}: encryption", result="ok", found="the platform could open what was encrypted for it")
        if opened
        else Check(
            name=f"{_NAME}: encryption",
            result="wrong",
            found="what came back isn't what was sent",
            causes=("The platform key and the merchant's private key may not be those of this merchant",),
        ),
        *apiv3_key,
    ]


async def _apiv3_key(wxpay: WeChatPay, settings: Settings) -> list[Check]:
    """Whether the APIv3 key decrypts the platform's certificates; merchants in public-key mode have none."""
    name = f"{_NAME}: APIv3 key"
    key = load_apiv3_key(settings.get("apiv3_key"))
    if key is None:
        return []
    try:
        answer = await wxpay.chain("v3/certificates").get()
    except WeChatPayError:
        return [Check(name=name, result="skipped", found="the platform has no certificates for it to open")]
    try:
        for certificate in certificates.parse(answer.content):
            certificate.open(key)
    except TrustError as error:
        causes = (
            "Set the key that the merchant portal shows under API security: this is another merchant's or an old one",
        )
        return [Check(name=name, result="wrong", found=error.message, causes=causes)]
    return [Check(name=name, result="ok", found="it opens what the platform sealed for this merchant")]


def _failed(error: WeChatPayError) -> Check:
    base = failed(_NAME, error)
    return Check(name=_NAME, result="wrong", found=base.found, causes=(*causes(error), *base.causes))


def causes(error: WeChatPayError) -> tuple[str, ...]:
    """Explains how the self-test ended, judged by the type of error."""
    if isinstance(error, Unauthorized):
        return (_SIGNATURE,)
    if isinstance(error, APIError) and any(word in error.reason for word in _ADDRESS):
        return (_SOURCE,)
    if isinstance(error, APIError) and "解密" in error.reason:
        return ("The platform could not open what was encrypted: the platform key bears another key's name",)
    if isinstance(error, TrustError):
        return ("The platform accepted the call; the key to verify its answers with is a wrong one",)
    if isinstance(error, TransportError):
        return ("See the checks of the network above",)
    if isinstance(error, ConfigurationError):
        return ("See the checks of settings and keys above",)
    return ()
