"""VerifyV2: an APIv2 answer is read, and not handed on unless its `sign` fits."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from .. import catalogue
from ..crypto.concealed import Concealed
from ..errors import SignatureError, TrustError
from ..http.path import without_needless_escapes
from ..http.reading import without_stream
from ..http.request import Request
from ..http.response import Response, about
from ..pipeline import Handler
from ..wire import v2


class VerifyV2:
    """Reads the XML of APIv2 answers into `Response.fields` and checks their `sign`.

    An answer must be signed, a refusal of the business included, unless the catalogue says that the operation's
    answers carry no `sign`. An answer whose `return_code` isn't `SUCCESS` comes without one: it is a refusal anyway.

    Args:
        apiv2_key: the merchant's key; None where it makes no APIv2 calls.
    """

    def __init__(self, apiv2_key: Concealed[str] | None) -> None:
        self._key = apiv2_key

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Call on, then read and check the answer. Answers of APIv3 are handed on as they are."""
        return self._call(request, call_next) if request.is_apiv2 else call_next(request)

    async def _call(self, request: Request, call_next: Handler) -> Response[Any]:
        response = await call_next(request)
        if not 200 <= response.status < 300:
            return response
        operation = catalogue.find(request.method, request.template)
        if operation is not catalogue.find(request.method, f"/v2{without_needless_escapes(request.path)}"):
            operation = None  # no exemption for a template that is not the one of the path that was sent
        if response.stream is not None:
            if operation and operation.answer_signature == "none":
                return response
            response = await without_stream(response)
        try:
            if self._key is None:
                raise SignatureError("there is no apiv2_key to check its sign with. Don't believe it")
            return self._read(response, operation, self._key)
        except TrustError as error:
            raise about(response, error) from None

    def _read(
        self, response: Response[Any], operation: catalogue.Operation | None, key: Concealed[str]
    ) -> Response[Any]:
        unsigned = operation is not None and operation.answer_signature == "none"
        if unsigned and operation is not None and operation.answer != "xml" and not v2.is_xml(response.content):
            return response  # a bill or a text; a refusal would be XML
        fields = v2.parse(response.content)
        if fields.get("return_code") != "SUCCESS":
            return response.changed(fields=fields, verified=_holds(fields, key))
        if not unsigned:
            v2.verify(fields, key)
        return response.changed(fields=fields, verified=not unsigned)


def _holds(fields: Mapping[str, str], key: Concealed[str]) -> bool:
    try:
        v2.verify(fields, key)
    except SignatureError:
        return False
    return True
