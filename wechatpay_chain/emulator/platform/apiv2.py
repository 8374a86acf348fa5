"""The platform's side of APIv2: checks requests in XML, and writes answers in XML, signed with the APIv2 key.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from ...catalogue import Operation, validate
from ...crypto import asymmetric, digest
from ...crypto.hashing import hasher
from ...errors import DecodeError, DecryptionError, SignatureError
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from ...wire import v2
from .keys import KeyPair
from .multipart import parse
from .refusal import Refusal

M = TypeVar("M")

_XML = Headers({"Content-Type": "text/xml; charset=utf-8"})
_LONGEST_NONCE = 32
_SANDBOX = "/v2/xdc/apiv2sandbox/"
_SIGN_KINDS: dict[str, v2.SignType] = {"MD5": "MD5", "HMAC-SHA256": "HMAC-SHA256"}
# Left out of successful answers, although the pages list them.
_OF_FAILURES = ("err_code", "error_code", "return_msg")


class RefusalV2(Exception):
    """What a route raises to refuse a call of APIv2.

    Args:
        message: text for people.
        code: the error code of the business; if empty, the call is refused as such, and the answer isn't signed.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(code, message)
        self.message = message
        self.code = code


# The codes of APIv2 for those that products raise; of all others, the underscores are removed.
_CODES = {
    "INVALID_REQUEST": "INVALID_REQUEST",
    "PARAM_ERROR": "PARAM_ERROR",
    "OUT_TRADE_NO_USED": "OUT_TRADE_NO_USED",
    "AUTH_CODE_EXPIRED": "AUTHCODEEXPIRE",
    "AUTH_CODE_INVALID": "AUTH_CODE_INVALID",
    "RESOURCE_NOT_EXISTS": "RESOURCE_NOT_EXISTS",
    "RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED",
}


def translated(refusal: Refusal) -> RefusalV2:
    """A product's refusal with the code of APIv2."""
    code = refusal.code_v2 or _CODES.get(refusal.code) or refusal.code.replace("_", "")
    return RefusalV2(refusal.message, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The content of a call: its parameters and, for an upload, the file."""

    fields: dict[str, str]
    file: bytes | None = field(default=None, repr=False)


def sandbox_key(apiv2_key: str) -> str:
    """The key of the simulation system, 32 characters."""
    return digest.md5(b"sandbox" + apiv2_key.encode())


def key_of(operation: Operation, apiv2_key: str) -> str:
    """The key that a call and its answer are signed with."""
    return sandbox_key(apiv2_key) if operation.path.startswith(_SANDBOX) else apiv2_key


def merchant_of(received: Received, operation: Operation, merchants: Mapping[str, M]) -> M:
    """The merchant that a call names.

    Raises:
        RefusalV2: no merchant has that number.
    """
    merchant = merchants.get(received.fields.get(operation.merchant_field or "mch_id", ""))
    if merchant is None:
        raise RefusalV2("mch_id参数格式错误")
    return merchant


def receive(
    received: Received, request: Request, operation: Operation, apiv2_key: str, merchant_key: KeyPair, bank_key: KeyPair
) -> Received:
    """Authenticate a call, check it against the catalogue, and decrypt it.

    Args:
        received: the result of `read`.
        request: as received. `security` tells whether the merchant certificate was presented; None if that is unknown.
        operation: what is called.
        apiv2_key: verifies the sign.
        merchant_key: verifies a signature by the merchant's private key, where one is required.
        bank_key: decrypts what is encrypted for the bank.

    Raises:
        RefusalV2: something is wrong with it.
    """
    if operation.certificate and request.security is False:
        raise RefusalV2("证书已过期或未携带API证书")
    fields = received.fields
    if not operation.nonceless and not 0 < len(fields.get("nonce_str", "")) <= _LONGEST_NONCE:
        raise RefusalV2("nonce_str参数长度有误")
    if not operation.signless:
        _authenticate(fields, operation, apiv2_key)
    if operation.signed_field:
        _check_certificate(fields, operation.signed_field, merchant_key)
    location = "query" if operation.body == "none" else "xml"
    # The pages give only the length of an MD5.
    unsigned = {name: value for name, value in fields.items() if name != "sign"}
    for fault in validate(operation, {location: unsigned}):
        if fault.location == location:
            raise RefusalV2(f"{fault.pointer.removeprefix('/')}: {fault.text}", "PARAM_ERROR")
    if not fields.get("notify_url", "http").startswith("http"):
        # Contracts take it encoded. Observed: https://github.com/supersheep/wechat-pay/issues/19
        raise RefusalV2("invalid notify_url")
    if received.file is not None and operation.digest_field:
        found = hasher(operation.digest or "md5")
        found.update(received.file)
        if fields.get(operation.digest_field, "").lower() != found.hexdigest():
            raise RefusalV2(f"{operation.digest_field}校验失败", "PARAM_ERROR")
    return Received(fields=_unsealed(fields, operation, bank_key), file=received.file)


def respond(value: Mapping[str, Any], operation: Operation, apiv2_key: str, kind: str | None) -> Response[Any]:
    """The answer with a route's values, signed if the operation's answers are.

    Args:
        value: elements by name.
        operation: what was called.
        apiv2_key: signs.
        kind: the request's `sign_type`.
    """
    fields = {
        name.replace("$n", "0").replace("$m", "0"): str(item)
        for name, item in value.items()
        if name != "sign" and not name.startswith(_OF_FAILURES)
    }
    fields |= {"return_code": "SUCCESS", "return_msg": "OK"}
    return _written(fields, operation, apiv2_key, kind)


def refuse(refusal: RefusalV2, operation: Operation, apiv2_key: str, kind: str | None) -> Response[Any]:
    """The answer of a refusal."""
    if not refusal.code:
        fields = {"return_code": "FAIL", "return_msg": refusal.message}
        return Response(status=200, headers=_XML, content=v2.build(fields))
    fields = {"return_code": "SUCCESS", "return_msg": "OK", "result_code": "FAIL"}
    return _written({**fields, "err_code": refusal.code, "err_code_des": refusal.message}, operation, apiv2_key, kind)


def _written(fields: dict[str, str], operation: Operation, apiv2_key: str, kind: str | None) -> Response[Any]:
    if operation.answer_signature != "none":
        accepted = operation.sign_types or ("MD5",)
        fields["sign"] = v2.sign(fields, apiv2_key, _SIGN_KINDS.get(kind or accepted[0], "MD5"))
    return Response(status=200, headers=_XML, content=v2.build(fields))


def read(request: Request, operation: Operation) -> Received:
    """Read a call's parameters.

    Raises:
        RefusalV2: they aren't XML.
    """
    if operation.body == "none":
        return Received(fields=dict(parse_qsl(request.query, keep_blank_values=True)))
    upload = parse(request.headers.get("Content-Type", ""), request.body or b"")
    if upload is not None:
        parts = dict(upload.files)
        file = parts.pop(operation.file_part or "media", None)
        return Received(fields={name: part.decode("utf-8", "replace") for name, part in parts.items()}, file=file)
    try:
        return Received(fields=v2.parse(request.body or b""))
    except DecodeError:
        raise RefusalV2("XML格式错误") from None


def _authenticate(fields: Mapping[str, str], operation: Operation, apiv2_key: str) -> None:
    kind = fields.get("sign_type")
    if operation.sign_types and (kind or operation.sign_types[0]) not in operation.sign_types:
        raise RefusalV2("sign_type参数错误")
    try:
        v2.verify(fields, apiv2_key)
    except SignatureError:
        raise RefusalV2("签名错误") from None


def _check_certificate(fields: Mapping[str, str], name: str, merchant_key: KeyPair) -> None:
    serial = fields.get("cert_serialno", "")
    message = v2.certificate_message(serial, fields.get("timestamp", ""))
    try:
        asymmetric.verify(merchant_key.private_key.public_key(), message, fields.get(name, ""))
    except SignatureError:
        raise RefusalV2(f"{name}验证失败", "SIGNERROR") from None
    if serial != merchant_key.serial:
        raise RefusalV2("cert_serialno错误", "PARAM_ERROR")


def _unsealed(fields: dict[str, str], operation: Operation, bank_key: KeyPair) -> dict[str, str]:
    secret = {path.removeprefix("xml.") for path in operation.secret_fields}
    try:
        return {
            name: asymmetric.decrypt(bank_key.private_key, value) if name in secret else value
            for name, value in fields.items()
        }
    except DecryptionError:
        raise RefusalV2("敏感字段解密失败", "PARAM_ERROR") from None
