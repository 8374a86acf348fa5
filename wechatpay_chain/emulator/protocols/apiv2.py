"""APIv2: XML with a `sign` of its own."""

from __future__ import annotations

from typing import Any

from ... import catalogue
from ...catalogue import Operation
from ...http.response import Response
from ...wire import v2
from ..exchange import Exchange
from ..misbehaviour import Misbehaviour, html
from ..platform import answer, apiv2
from ..platform.call import DEFAULT_BASE_URL, Call
from ..platform.refusal import Refusal
from ..world.world import World
from .dispatch import Dispatch

_SIGNED_IN_HEADERS = ("/v3/", "/hk/", "/global/", "/brand/")


class ApiV2:
    """Answers the calls of APIv2.

    Args:
        world: its merchants call.
        dispatch: lets calls take effect.
    """

    def __init__(self, world: World, dispatch: Dispatch) -> None:
        self._world = world
        self._dispatch = dispatch

    def misdirected(self, exchange: Exchange) -> Response[Any] | None:
        """The answer to a call of APIv2 that there is no operation for; None to any other request.

        A wrong verb is refused in APIv2's words; to a path that nobody knows there is a page, as of a web server.
        """
        request = exchange.request
        if "Authorization" in request.headers:
            return None
        known = catalogue.at("/v2" + request.path.removeprefix("/v2"))
        if known:
            exchange.refusal = refused = apiv2.RefusalV2(f"请使用{known[0].method.lower()}方法")
            return apiv2.refuse(refused, known[0], "", None)
        is_call = v2.is_xml(request.body or b"") and not request.path.startswith(_SIGNED_IN_HEADERS)
        return html(404) if is_call else None

    async def answer(self, exchange: Exchange, operation: Operation, misbehaviour: Misbehaviour) -> Response[Any]:
        """The answer to a request; what is found out about it on the way is noted in the exchange."""
        request, kind, key = exchange.request, None, ""
        try:
            read = apiv2.read(request, operation)
            merchant = apiv2.merchant_of(read, operation, self._world.merchants)
            exchange.mchid, key = merchant.mchid, apiv2.key_of(operation, merchant.apiv2_key)
            received = apiv2.receive(read, request, operation, key, merchant.key, self._world.bank_key)
            kind = received.fields.get("sign_type")
            if misbehaviour.refuse is not None:
                raise apiv2.RefusalV2(misbehaviour.refuse.message, misbehaviour.refuse.code)
            call = exchange.call = Call(
                method=request.method,
                path=request.path,
                operation=operation,
                time=self._world.now,
                mchid=merchant.mchid,
                base_url=request.origin or DEFAULT_BASE_URL,
                xml=received.fields,
                file=received.file,
                headers=request.headers,
                size=len(request.body or b""),
            )
            match = self._dispatch.own.find(request.method, operation.path)
            match = match or self._dispatch.known(operation, operation.path)
            value = await self._dispatch.perform(match, call, merchant)
        except apiv2.RefusalV2 as refused:
            exchange.refusal = refused
            return apiv2.refuse(refused, operation, key, kind)
        except Refusal as refused:
            exchange.refusal = refused
            return apiv2.refuse(apiv2.translated(refused), operation, key, kind)
        if isinstance(value, dict) and operation.answer == "xml":
            response = apiv2.respond(value, operation, key, kind)
        else:
            response = answer.respond(value, None, merchant.key.private_key.public_key())
        return answer.synthetic(response) if match.synthetic else response
