"""Requests of APIv2: parameters completed, signed, and written as XML, as a query, or as a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ...crypto.concealed import Concealed
from ...errors import ConfigurationError
from ...http.headers import Headers
from ...http.path import check_path
from ...http.request import Request, check_switches
from ...http.value import frozen
from ..body import encode_query
from ..headers import check_headers
from ..hosts import check_origin
from ..multipart import Envelope, envelope
from . import parameters
from .ambiguity import check_shown
from .xml import build

PREFIX = "/v2"
"""The first part of an APIv2 path in a chain; it is not sent."""


@frozen(kw_only=True)
class Identity:
    """Who calls, and with what he signs.

    Attributes:
        mchid: merchant number.
        apiv2_key: signs; None makes every call a `ConfigurationError`.
        workwx_secret: the secret of WeCom's payment application, for `workwx_sign`.
        presents_certificate: whether there is a merchant certificate to present.
    """

    mchid: str
    apiv2_key: Concealed[str] | None = field(repr=False)
    workwx_secret: str | None = field(default=None, repr=False)
    presents_certificate: bool = False


def argument_of(request: Request) -> str:
    """The argument of the verb that holds the parameters of a call without a file."""
    return "params" if request.method == "GET" else "xml"


def check(request: Request) -> None:
    """Refuse arguments that a call of APIv2 can't have.

    Raises:
        ConfigurationError: such an argument, or an illegal path, header or host.
    """
    check_path(request.path)
    check_headers(request.headers)
    check_switches(request)
    check_origin(request.origin)
    refused = {"json": "xml=", "xml": "params="} if request.method == "GET" else {"json": "xml="}
    for name, instead in refused.items():
        if getattr(request, name) is not None:
            raise ConfigurationError(name, f"{request.method} of an APIv2 path doesn't take it", f"Give {instead}")
    if request.meta is not None and request.file is None:
        raise ConfigurationError("meta", "it was given without a file", "Give the file= that it describes")
    if request.file is not None and request.xml is not None:
        raise ConfigurationError("xml", "an upload was given xml too", "Give further members of its form with meta=")


def encode(request: Request, identity: Identity, nonce: str) -> Request:
    """A call without a file, encoded: the parameters of a GET go into the query, those of others into XML.

    Raises:
        ConfigurationError: a parameter is wrong, there is no APIv2 key, or no certificate to present.
    """
    argument = argument_of(request)
    fields = _completed(request, identity, nonce, getattr(request, argument) or {}, argument)
    if request.method == "GET":
        return addressed(request, identity, query=encode_query(fields))
    headers = Headers({"Content-Type": "text/xml; charset=utf-8", "Accept": "*/*"})
    return addressed(
        request,
        identity,
        query=encode_query(request.params) if request.params else request.query,
        body=build(fields) if request.body is None else request.body,
        headers=headers.merge(request.headers),
    )


def encode_form(
    request: Request, identity: Identity, nonce: str, given: Mapping[str, Any], file_name: str, boundary: str
) -> Envelope:
    """The form of an upload without its file.

    Args:
        request: the call.
        identity: who calls.
        nonce: at most 32 random characters.
        given: the parameters, with the file's digest.
        file_name: its name.
        boundary: from `multipart.make_boundary`.

    Raises:
        ConfigurationError: as `encode`.
    """
    operation = request.operation
    fields = _completed(request, identity, nonce, given, "meta")
    return envelope(
        [(name, "text/plain; charset=utf-8", value.encode()) for name, value in fields.items()],
        file_name=file_name or "media",
        file_part=(operation and operation.file_part) or "media",
        boundary=boundary,
    )


def addressed(request: Request, identity: Identity, **encoded: Any) -> Request:
    """The request with what was encoded, the path to be sent, and whether to present the certificate.

    Raises:
        ConfigurationError: there is no certificate to present.
    """
    security = request.security
    if security is None:
        security = request.operation is not None and request.operation.certificate
    if security and not identity.presents_certificate:
        raise ConfigurationError(
            "merchant_cert",
            f"none was given, and {request.template} asks for the merchant certificate",
            "Give WeChatPay(merchant_cert=Path('apiclient_cert.pem')), or apiclient_cert.p12; with a Signer in "
            "place of the private key, an ssl.SSLContext that presents it",
        )
    return request.changed(path=request.path.removeprefix(PREFIX), security=security, **encoded)


def page(request: Request, identity: Identity, nonce: str) -> str:
    """What follows the host in the address of a page that a payer's browser opens: path, query and fragment.

    Raises:
        ConfigurationError: as `encode`.
    """
    check(request)
    if request.operation is None or not request.operation.signless:
        check_shown(parameters.texts(request.params or {}, (), "params"), "params")
    target = encode(request, identity, nonce).target
    fragment = request.operation.fragment if request.operation is not None else None
    return f"{target}#{fragment}" if fragment else target


def _completed(
    request: Request, identity: Identity, nonce: str, payload: Mapping[str, Any], argument: str
) -> dict[str, str]:
    if identity.apiv2_key is None:
        raise ConfigurationError(
            "apiv2_key",
            f"none was given, and {request.template} is a call of APIv2",
            "Give WeChatPay(apiv2_key=...), the 32 characters set in the merchant portal under API security",
        )
    operation = request.operation
    return parameters.complete(
        parameters.texts(payload, operation.urlencoded_fields if operation else (), argument),
        parameters.Demands.of(operation),
        mchid=identity.mchid,
        nonce=nonce,
        apiv2_key=identity.apiv2_key,
        argument=argument,
        workwx_secret=identity.workwx_secret,
    )
