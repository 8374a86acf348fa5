"""EncodeV2: the parameters of an APIv2 call are completed, sealed, signed and written, exactly once."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .. import catalogue
from ..credentials.signer import Signer, signature_by
from ..crypto import rsa
from ..crypto.concealed import Concealed
from ..crypto.keys import load_public_key
from ..errors import ConfigurationError
from ..files.uploads import Source, members_of_meta
from ..http.headers import Headers
from ..http.path import check_path
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler
from ..wire import multipart, v2, v3
from ..wire.body import check_text, encode_query
from ..wire.headers import check_headers
from ..wire.hosts import check_origin
from ..wire.refusal import api_error, is_refusal
from ..wire.sealing import FieldTree, field_tree, is_ciphertext, seal
from ..wire.v2 import parameters

_BANK_KEY = Request(method="POST", template="/v2/risk/getpublickey")
_PREFIX = "/v2"


class EncodeV2:
    """Writes `xml` (of a GET: `params`, of an upload: `meta`) as APIv2 takes it. APIv3 calls pass unchanged.

    Args:
        mchid: merchant number.
        apiv2_key: signs; None makes every APIv2 call a `ConfigurationError`.
        presents_certificate: whether there is a merchant certificate to present.
        workwx_secret: the secret of WeCom's payment application, for `workwx_sign`.
        serial: serial number of the merchant certificate.
        signer: signs with its key, for `cert_sign`.
        clock: gives Unix time in seconds.
        nonce: gives at most 32 random characters.
    """

    def __init__(
        self,
        mchid: str,
        apiv2_key: Concealed[str] | None,
        *,
        presents_certificate: bool = False,
        workwx_secret: str | None = None,
        serial: str = "",
        signer: Signer | None = None,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = v3.make_nonce,
    ) -> None:
        self._mchid = mchid
        self._key = apiv2_key
        self._presents_certificate = presents_certificate
        self._workwx_secret = workwx_secret
        self._serial = serial
        self._signer = signer
        self._clock = clock
        self._nonce = nonce
        self._bank_key: RSAPublicKey | None = None

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Encode the request, then call on. Requests of APIv3 are handed on as they are."""
        return self._call(request, call_next) if request.is_apiv2 else call_next(request)

    async def _call(self, request: Request, call_next: Handler) -> Response[Any]:
        operation = catalogue.find(request.method, request.template)
        bank_key: RSAPublicKey | None = None
        if operation is not None and operation.secret_key == "bankpay":  # noqa: S105 - a kind of key
            bank_key = await self._find_bank_key(call_next)
        if operation is not None and operation.signed_field and self._signer is not None:
            request = await self._certify(request, operation.signed_field, self._signer)
        if request.file is None:
            return await call_next(self._encode(request, operation, bank_key))
        async with Source.open(request.file) as source:
            return await call_next(await self._upload(request, operation, source))

    def page(self, path: str, params: Mapping[str, Any]) -> tuple[str, str]:
        """What an address of APIv2 consists of that a payer's browser opens: path with query, and fragment.

        Raises:
            ConfigurationError: as for a call.
        """
        template = path if path.startswith(f"{_PREFIX}/") else f"{_PREFIX}/{path.removeprefix('/')}"
        request = Request(method="GET", template=template, params=params)
        operation = catalogue.find("GET", template)
        if operation is None or not operation.signless:
            v2.check_shown(parameters.texts(params, (), "params"), "params")
        return self._encode(request, operation, None).target, (operation and operation.fragment) or ""

    def _encode(
        self, request: Request, operation: catalogue.Operation | None, bank_key: RSAPublicKey | None
    ) -> Request:
        _check(request)
        argument = "params" if request.method == "GET" else "xml"
        payload: Mapping[str, Any] = getattr(request, argument) or {}
        sealed = seal(payload, _secret_fields(operation), partial(_encrypt, key=bank_key), argument)
        fields = self._complete(request, operation, sealed, argument)
        if request.method == "GET":
            return self._addressed(request, operation, query=encode_query(fields))
        query = encode_query(request.params) if request.params else request.query
        headers = Headers({"Content-Type": "text/xml; charset=utf-8", "Accept": "*/*"})
        body = v2.build(fields) if request.body is None else request.body
        # Sealed here too: answers keep their request, and may be pickled.
        encoded = {"xml": sealed, "body": body, "headers": headers.merge(request.headers)}
        return self._addressed(request, operation, query=query, **encoded)

    async def _upload(self, request: Request, operation: catalogue.Operation | None, source: Source) -> Request:
        _check(request)
        source.check((operation and operation.file_limits) or ())
        given = members_of_meta(request)
        check_text(source.name, "file")
        digest_field = (operation and operation.digest_field) or "media_hash"
        if digest_field not in given:
            given[digest_field] = await source.digest((operation and operation.digest) or "md5")
        fields = self._complete(request, operation, given, "meta")
        envelope = multipart.envelope(
            [(name, "text/plain; charset=utf-8", value.encode()) for name, value in fields.items()],
            file_name=source.name or "media",
            file_part=(operation and operation.file_part) or "media",
            boundary=multipart.make_boundary(),
        )
        headers = Headers({"Content-Type": envelope.content_type, "Accept": "*/*"})
        body = await source.enclose(envelope)
        return self._addressed(request, operation, headers=headers.merge(request.headers), **body)

    def _complete(
        self, request: Request, operation: catalogue.Operation | None, payload: Mapping[str, Any], argument: str
    ) -> dict[str, str]:
        if self._key is None:
            raise ConfigurationError(
                "apiv2_key",
                f"none was given, and {request.template} is a call of APIv2",
                "Give WeChatPay(apiv2_key=...), the 32 characters set in the merchant portal under API security",
            )
        return parameters.complete(
            parameters.texts(payload, operation.urlencoded_fields if operation else (), argument),
            _demands(operation),
            mchid=self._mchid,
            nonce=self._nonce(),
            apiv2_key=self._key,
            argument=argument,
            workwx_secret=self._workwx_secret,
        )

    def _addressed(self, request: Request, operation: catalogue.Operation | None, **encoded: Any) -> Request:
        security = request.security
        if security is None:
            security = operation is not None and operation.certificate
        if security and not self._presents_certificate:
            raise ConfigurationError(
                "merchant_cert",
                f"none was given, and {request.template} asks for the merchant certificate",
                "Give WeChatPay(merchant_cert=Path('apiclient_cert.pem')), or apiclient_cert.p12; with a Signer in "
                "place of the private key, an ssl.SSLContext that presents it",
            )
        return request.changed(path=request.path.removeprefix(_PREFIX), security=security, **encoded)

    async def _certify(self, request: Request, name: str, signer: Signer) -> Request:
        given = parameters.texts(request.xml or {}, (), "xml")
        if name in given:
            return request
        fields = {"cert_serialno": self._serial, "timestamp": str(int(self._clock())), **given}
        signature = await signature_by(signer, v2.certificate_message(fields["cert_serialno"], fields["timestamp"]))
        return request.changed(xml={**fields, name: base64.b64encode(signature).decode("ascii")})

    async def _find_bank_key(self, call_next: Handler) -> RSAPublicKey:
        """The key that pay_bank's fields are encrypted with, fetched once.

        https://pay.weixin.qq.com/doc/v2/merchant/4011941097
        """
        if self._bank_key is not None:
            return self._bank_key
        operation = catalogue.find(_BANK_KEY.method, _BANK_KEY.template)
        answer = await call_next(self._encode(_BANK_KEY, operation, None))
        if is_refusal(answer):
            raise api_error(answer)
        source = (answer.fields or {}).get("pub_key", "")
        key, _ = await asyncio.to_thread(load_public_key, source, argument="pub_key")
        self._bank_key = key
        return key


def _check(request: Request) -> None:
    check_path(request.path)
    check_headers(request.headers)
    check_origin(request.origin)
    refused = {"json": "xml=", "xml": "params="} if request.method == "GET" else {"json": "xml="}
    for name, instead in refused.items():
        if getattr(request, name) is not None:
            raise ConfigurationError(name, f"{request.method} of an APIv2 path doesn't take it", f"Give {instead}")
    if request.meta is not None and request.file is None:
        raise ConfigurationError("meta", "it was given without a file", "Give the file= that it describes")
    if request.file is not None and request.xml is not None:
        raise ConfigurationError("xml", "an upload was given xml too", "Give further members of its form with meta=")


def _demands(operation: catalogue.Operation | None) -> parameters.Demands:
    if operation is None:
        return parameters.Demands()
    return parameters.Demands(
        merchant_field=operation.merchant_field,
        nonceless=operation.nonceless,
        signless=operation.signless,
        sign_types=operation.sign_types,
        workwx_fields=operation.workwx_fields,
    )


def _secret_fields(operation: catalogue.Operation | None) -> FieldTree:
    return field_tree(operation.secret_fields).get("xml", {}) if operation else {}


def _encrypt(plaintext: str, pointer: str, *, key: RSAPublicKey | None) -> str:
    if key is None:
        raise ConfigurationError(pointer, "a Secret, but the operation has no key for it", "Give the plain text")
    if is_ciphertext(plaintext, key.key_size):
        return plaintext
    longest = rsa.longest_plaintext(key)
    if (size := len(plaintext.encode())) > longest:
        raise ConfigurationError(
            pointer, f"{size} bytes were found", f"A secret takes at most {longest} bytes of UTF-8"
        )
    return rsa.encrypt(key, plaintext)
