"""Why a call was refused, and the texts that signatures cover: what was verified beside what was signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...crypto import asymmetric
from ...diagnosis import refusal as refusals
from ...diagnosis import request as requests
from ...errors import Cause, ConfigurationError, DecodeError, SignatureError
from ...wire import v2, v3
from ...wire.authorization import Authorization
from ..exchange import Exchange
from ..platform.authentication import signed_body
from ..platform.keys import KeyPair
from ..platform.refusal import Refusal
from ..world.merchants import Merchant
from ..world.world import World

_ANOTHER_MERCHANT = "Sign with the private key of the certificate whose serial the Authorization header names"
_HMAC_DIGITS = 64
_APIV2_KEY = "Give the key that the merchant portal has under API security as APIv2 key"


def find(exchange: Exchange, world: World) -> requests.Finding | None:
    """Which text, or whose key, a signature of APIv3 that doesn't fit was made with.

    None where nobody knows, or the body isn't kept whole.
    """
    if exchange.request_size is not None:
        return None
    found, said = exchange.refusal, _said(exchange)
    if not isinstance(found, Refusal) or found.status != 401 or not isinstance(found.detail, dict) or said is None:
        return None
    parts = _parts(exchange, said)
    merchant = world.merchants.get(said.owner)
    if merchant is None:
        return None
    other = _other_owner(parts, said, world)
    return other or requests.find(parts, lambda text: _fits(merchant.key, text, said.signature))


def causes(exchange: Exchange, world: World, finding: requests.Finding | None) -> list[dict[str, Any]]:
    """Why a call was refused, the surest first; nothing where it wasn't, or where the refusal says it itself.

    Args:
        exchange: the call.
        world: whose merchants may have made it.
        finding: what `find` found of it.
    """
    found = exchange.refusal
    if found is None:
        return []
    message, code = str(getattr(found, "message", "")), str(getattr(found, "code", ""))
    if not isinstance(found, Refusal):
        wrong_key = _wrong_apiv2_key(exchange, world)
        return [asdict(cause) for cause in ([wrong_key] if wrong_key else refusals.causes_v2(message, code))]
    if finding is not None:
        return [asdict(finding.cause)]
    return [asdict(cause) for cause in refusals.causes(message)]


def claimed(exchange: Exchange) -> str:
    """The merchant or brand in whose name a call came, proven or not; empty where it names none."""
    said = _said(exchange)
    return exchange.mchid or (said.owner if said else "")


def request_text(exchange: Exchange, world: World, finding: requests.Finding | None) -> dict[str, Any] | None:
    """The text that a request's signature was verified over.

    None where it has no signature that can be read, or its body isn't kept whole.

    Args:
        exchange: the call.
        world: whose merchants may have made it.
        finding: what `find` found of it.

    Returns:
        `verified`; `signed`, the text that the signature fits, None where nobody knows; `difference`, the index of the
        first character in which they differ; `fits`, whether the merchant's own key made it over `verified`;
        `algorithm`; `serial`, empty for APIv2.
    """
    if exchange.request_size is not None:
        return None
    fields = _fields_v2(exchange)
    if fields is not None:
        text = v2.signed_text(fields)
        merchant = _merchant_v2(fields, exchange, world)
        fits = merchant is not None and _fits_v2(merchant.apiv2_key, fields)
        known = fits or _wrong_apiv2_key(exchange, world)
        algorithm = "HMAC-SHA256" if len(fields.get("sign", "")) == _HMAC_DIGITS else "MD5"
        return {
            "verified": text,
            "signed": text if known else None,
            "difference": None,
            "fits": fits,
            "algorithm": algorithm,
            "serial": "",
        }
    said = _said(exchange)
    if said is None:
        return None
    verified = _parts(exchange, said).message().decode("utf-8", "replace")
    signed = verified if exchange.mchid else finding and finding.message.decode("utf-8", "replace")
    return {
        "verified": verified,
        "signed": signed,
        "difference": None if signed in (None, verified) else _first_difference(verified, str(signed)),
        "fits": bool(exchange.mchid),
        "algorithm": said.signature_type,
        "serial": said.serial,
    }


def answer_text(exchange: Exchange) -> dict[str, Any] | None:
    """The text that the signature of an answer covers; None for one that has none, or isn't kept whole."""
    if exchange.response is None or exchange.response_size is not None:
        return None
    headers, content = exchange.response.headers, exchange.response.content
    if not v3.is_signed(headers):
        return None
    timestamp, nonce = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Nonce", "")
    text = v3.answer_message(timestamp, nonce, content).decode("utf-8", "replace")
    return {"verified": text, "serial": headers.get("Wechatpay-Serial", "")}


def _fields_v2(exchange: Exchange) -> Mapping[str, str] | None:
    """The signed parameters of a call of APIv2, which one with a wrong sign has, too; None of other calls."""
    if exchange.call is not None:
        return exchange.call.xml
    if not exchange.refusal or isinstance(exchange.refusal, Refusal):
        return None
    try:
        fields = v2.parse(exchange.request.body or b"")
    except DecodeError:
        return None
    return fields if fields.get("sign") else None


def _merchant_v2(fields: Mapping[str, str], exchange: Exchange, world: World) -> Merchant | None:
    return world.merchants.get(exchange.mchid or fields.get("mch_id") or fields.get("mchid", ""))


def _wrong_apiv2_key(exchange: Exchange, world: World) -> Cause | None:
    """Which other key a sign of APIv2 was made with; None where its own was, or nobody knows."""
    fields = _fields_v2(exchange)
    merchant = None if fields is None else _merchant_v2(fields, exchange, world)
    if fields is None or merchant is None or _fits_v2(merchant.apiv2_key, fields):
        return None
    if _fits_v2(merchant.apiv3_key, fields):
        text = f"the APIv3 key of merchant {merchant.mchid} made the sign, where its APIv2 key should"
        return Cause("apiv3-key-in-place-of-apiv2-key", text, _APIV2_KEY, "proven")
    for number, other in world.merchants.items():
        if _fits_v2(other.apiv2_key, fields):
            text = f"the APIv2 key of merchant {number} made the sign, in the name of merchant {merchant.mchid}"
            return Cause("apiv2-key-of-another-merchant", text, _APIV2_KEY, "proven")
    return None


def _fits_v2(apiv2_key: str, fields: Mapping[str, str]) -> bool:
    try:
        v2.verify(fields, apiv2_key)
    except (SignatureError, ConfigurationError):
        return False
    return True


def _other_owner(parts: requests.Parts, said: Authorization, world: World) -> requests.Finding | None:
    for number, merchant in world.merchants.items():
        if number != said.owner and _fits(merchant.key, parts.message(), said.signature):
            text = f"the key of merchant {number} made the signature, in the name of merchant {said.owner}"
            cause = Cause("private-key-of-another-merchant", text, _ANOTHER_MERCHANT, "proven")
            return requests.Finding(cause, parts.message())
    return None


def _fits(key: KeyPair, text: bytes, signature: str) -> bool:
    try:
        asymmetric.verify(key.private_key.public_key(), text, signature)
    except SignatureError:
        return False
    return True


def _said(exchange: Exchange) -> Authorization | None:
    try:
        return Authorization.parse(exchange.request.headers.get("Authorization", ""))
    except ValueError:
        return None


def _parts(exchange: Exchange, said: Authorization) -> requests.Parts:
    request = exchange.request
    return requests.Parts(
        method=request.method,
        target=request.target,
        timestamp=said.timestamp,
        nonce=said.nonce,
        body=signed_body(request),
        whole_body=request.body or b"",
        origin=request.origin,
    )


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))
