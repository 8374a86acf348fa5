"""Shows the text that a call would sign, and why a signature is wrong; uses only public keys that the agent gives.

The call is made by a client of an emulator's merchant, whose keys open nothing, and handed to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import Any, NoReturn

from ... import WeChatPay
from ...credentials.platform_keys import load_platform_keys
from ...crypto import asymmetric
from ...crypto.keys import load_public_key
from ...diagnosis import request as of_request
from ...emulator import Emulator
from ...emulator.world.merchants import Merchant
from ...errors import Cause, ConfigurationError, ConnectionFailed, SignatureError
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from ...pipeline import Handler
from ...policies.retry import RetryPolicy
from ...wire import v2, v3
from ...wire.authorization import Authorization
from ...wire.hosts import DEFAULT_BASE_URL
from ...wire.signature_types import OF_MERCHANT
from ..preview import Preview

_BRAND = "1004"
_PEM = "-----BEGIN "


@cache
def _keys() -> dict[str, Any]:
    emulator = Emulator()
    emulator.add_merchant(Merchant(mchid=_BRAND, role="brand"))
    return {**emulator.credentials(), **emulator.credentials(_BRAND)}


async def signed_text(method: str, path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The text that the signature of a call covers, and how it is sent.

    Args:
        method: of the call.
        path: of the call; its placeholders have their values among the arguments.
        arguments: of the verb.

    Raises:
        WeChatPayError: the call would be refused before anything is sent.
        TypeError: a placeholder has no value, or a value no placeholder.
    """
    shown = await _preview(method, path, arguments)
    request = shown.request
    encrypted = [line.partition(":")[0] for line in shown.encrypted]
    common = {"method": request.method, "url": shown.url, "encrypted": encrypted}
    text = shown.signed_text
    if text is None:
        fields = v2.parse(request.body) if request.body else dict(request.params or {})
        covered = v2.signed_text({name: str(value) for name, value in fields.items()})
        return {
            **common,
            "text": f"{covered}&key=YOUR_APIV2_KEY",
            "how": f"{fields.get('sign_type') or 'MD5'} of the text in capital hexadecimal digits goes into `sign`",
        }
    lines = text.removesuffix("\n").split("\n")
    return {
        **common,
        "text": text,
        "lines": {"method": lines[0], "target": lines[1], "timestamp": lines[2], "nonce": lines[3], "body": lines[4]},
        "how": (
            "Each line ends with a line feed, the last one too. SHA256 with RSA by the merchant's private key, in "
            "Base64, goes into the header Authorization. Timestamp and nonce are new for every call; what is encrypted "
            "differs each time, and is signed as it is sent."
        ),
    }


async def _preview(method: str, path: str, arguments: Mapping[str, Any]) -> Preview:
    plain: list[Request] = []
    sent: list[Request] = []

    async def note(request: Request, call_next: Handler) -> Response[Any]:
        plain.append(request)
        return await call_next(request)

    async def keep(request: Request) -> NoReturn:
        sent.append(request)
        raise ConnectionFailed("nothing is sent")

    options: dict[str, Any] = {"retry": RetryPolicy(attempts=1), "rate_limits": None, "middlewares": [note]}
    async with WeChatPay(**_keys(), transport=keep, **options) as wxpay:
        with suppress(ConnectionFailed):
            await getattr(wxpay[path.removeprefix("/")], method.lower())(**arguments)
    return Preview(sent[0], plain[0], DEFAULT_BASE_URL)


def diagnose_message(
    headers: Mapping[str, str], body: str, certs: Mapping[str, str], received_at: float | None
) -> dict[str, Any]:
    """Whether the signature of an answer or a notification fits, and why it doesn't.

    Args:
        headers: of the message.
        body: exactly as it came.
        certs: the platform's public keys and certificates, PEM, by their names.
        received_at: Unix time in seconds; None leaves its age aside.

    Raises:
        ConfigurationError: a key can't be read, or is a private one.
    """
    keys = load_platform_keys({name: _public(pem, f"certs[{name!r}]") for name, pem in certs.items()})
    read = Headers(headers)
    now = received_at
    if now is None:
        stamp = read.get(v3.TIMESTAMP_HEADER, "")
        now = float(stamp) if stamp.isascii() and stamp.isdecimal() else 0.0
    try:
        v3.verify(read, body.encode(), keys, now)
    except SignatureError as error:
        return {"fits": False, "why": error.message, "causes": [asdict(cause) for cause in error.causes]}
    return {"fits": True, "why": f"made by {read[v3.SERIAL_HEADER]}", "causes": []}


def diagnose_request(method: str, target: str, authorization: str, body: str, merchant_cert: str) -> dict[str, Any]:
    """Whether a merchant's signature fits the request, and which text was signed in its place.

    Args:
        method: as sent.
        target: path and query, as sent.
        authorization: the header's value.
        body: as sent.
        merchant_cert: the merchant's certificate or public key, PEM.

    Raises:
        ConfigurationError: the key or the header can't be read, or the key is a private one.
    """
    key, _ = load_public_key(_public(merchant_cert, "merchant_cert"), argument="merchant_cert")
    expected = OF_MERCHANT[asymmetric.algorithm_of(key)]
    try:
        said = Authorization.parse(authorization)
        if said.signature_type != expected:
            raise ValueError(f"the scheme is not {expected}")
    except ValueError as error:
        raise ConfigurationError("authorization", f"{error}", "Give the header's whole value") from None

    def fits(text: bytes) -> bool:
        try:
            asymmetric.verify(key, text, said.signature)
        except SignatureError:
            return False
        return True

    parts = of_request.Parts(
        method=method, target=target, timestamp=said.timestamp, nonce=said.nonce, body=body.encode()
    )
    told: dict[str, Any] = {"fits": True, "verified": parts.message().decode(), "signed": None, "causes": []}
    if fits(parts.message()):
        return told
    finding = of_request.find(parts, fits)
    if finding is not None:
        return {**told, "fits": False, "signed": finding.message.decode(), "causes": [asdict(finding.cause)]}
    text = "no known mistake gives a text that the signature fits, so another key may have made it"
    remedy = "Compare the certificate's serial with serial_no of the header, and the bytes signed with those sent"
    return {**told, "fits": False, "causes": [asdict(Cause("private-key-other", text, remedy, "possible"))]}


def _public(pem: str, argument: str) -> bytes:
    """The bytes of a PEM text, so that no text is taken for the name of a file."""
    if _PEM not in pem:
        raise ConfigurationError(argument, "no PEM text was found", "Give the text of a public key or a certificate")
    return pem.encode()
