"""VerifyV2: reads the XML of APIv2 answers, and refuses those whose `sign` is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalogue import find
from ..crypto.concealed import Concealed
from ..errors import SignatureError, TrustError
from ..http.operation import Operation
from ..http.path import without_needless_escapes
from ..http.reading import without_stream
from ..http.request import Request
from ..http.response import Response, about
from ..pipeline import Handler
from ..wire import v2
from ..wire.v2.request import PREFIX


class VerifyV2:
    """Reads the XML of APIv2 answers into `Response.fields` and checks their `sign`.

    An answer must be signed, also one whose `result_code` is `FAIL`, unless the catalogue says that the operation's
    answers have no `sign`. An answer whose `return_code` isn't `SUCCESS` is a refusal, and never signed.

    Args:
        apiv2_key: the merchant's key; None where it makes no APIv2 calls.
    """

    scheme = "v2"

    def __init__(self, apiv2_key: Concealed[str] | None) -> None:
        self._key = apiv2_key

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, then read and check the answer."""
        response = await call_next(request)
        if not 200 <= response.status < 300:
            return response
        exempt = _exempt(request)
        if response.stream is not None:
            if exempt is not None:
                return response
            response = await without_stream(response)
        try:
            if self._key is None:
                raise SignatureError("there is no apiv2_key to check its sign with. Don't believe it")
            return _read(response, exempt, self._key)
        except TrustError as error:
            raise about(response, error) from None


def _exempt(request: Request) -> Operation | None:
    """The operation if its answers have no `sign`, and the template is that of the path that was sent; else None."""
    operation = request.operation
    if operation is None or operation.answer_signature != "none":
        return None
    sent = find(request.method, f"{PREFIX}{without_needless_escapes(request.path)}")
    return operation if operation is sent else None


def _read(response: Response[Any], exempt: Operation | None, key: Concealed[str]) -> Response[Any]:
    if exempt is not None and exempt.answer != "xml" and not v2.is_xml(response.content):
        return response  # a bill or a text: a refusal would be XML
    fields = v2.parse(response.content)
    if fields.get("return_code") != "SUCCESS":
        return response.changed(fields=fields, verified=_holds(fields, key))
    if exempt is None:
        v2.verify(fields, key)
    return response.changed(fields=fields, verified=exempt is None)


def _holds(fields: Mapping[str, str], key: Concealed[str]) -> bool:
    try:
        v2.verify(fields, key)
    except SignatureError:
        return False
    return True
