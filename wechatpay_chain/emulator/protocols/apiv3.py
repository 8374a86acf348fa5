"""APIv3: signed JSON, from `Authorization` to the signature of the answer."""

from __future__ import annotations

from typing import Any

from ...http.request import Request
from ...http.response import Response
from ...wire.signature_types import OF_BRAND, OF_MERCHANT
from ...wire.v3.signature import SERIAL_HEADER
from ..exchange import Exchange
from ..misbehaviour import STALE, Misbehaviour
from ..platform import answer, authentication, payload, refusal
from ..platform.call import DEFAULT_BASE_URL, Call
from ..platform.keys import KeyPair, named, other_than, usual
from ..platform.rates import RateWindows
from ..platform.refusal import Refusal
from ..platform.routes import Match
from ..world.merchants import Merchant
from ..world.world import World
from .dispatch import Dispatch


class ApiV3:
    """Answers the calls of APIv3, those of brands among them.

    Args:
        world: its merchants call, its keys sign.
        dispatch: lets calls take effect.
        rate_limits: whether calls beyond the documented rates are refused.
    """

    def __init__(self, world: World, dispatch: Dispatch, *, rate_limits: bool = True) -> None:
        self._world = world
        self._dispatch = dispatch
        self._rates = RateWindows() if rate_limits else None

    async def answer(self, exchange: Exchange, misbehaviour: Misbehaviour) -> Response[Any]:
        """The answer to a request; what is found out about it on the way is noted in the exchange."""
        request, operation = exchange.request, exchange.operation
        try:
            authentication.check_client_headers(request)
            merchant = authentication.authenticate(request, self._world.merchants, exchange.time)
        except Refusal as refused:
            exchange.refusal = refused
            return answer.number(refused.response(), refused.number)
        exchange.mchid = merchant.mchid
        try:
            if misbehaviour.refuse is not None:
                refuse = misbehaviour.refuse
                raise Refusal(refuse.status, refuse.code, refuse.message)
            match = self._dispatch.find(request.method, request.path, operation)
            call = exchange.call = self._admit(exchange, match, merchant)
            value = await self._dispatch.perform(match, call, merchant)
            response, ending = answer.respond(value, operation, merchant.key.private_key.public_key()), 0
            if match.synthetic:
                response = answer.synthetic(response)
        except Refusal as refused:
            exchange.refusal = refused
            response, ending = refused.response(), refused.number
        accepted = OF_BRAND if merchant.platform_key else OF_MERCHANT
        signed_at = exchange.time - (STALE if misbehaviour.flaw == "stale" else 0)
        key = self._signing_key(request, merchant, misbehaviour)
        return answer.sign(answer.number(response, ending), operation, key, signed_at, accepted)

    def _admit(self, exchange: Exchange, match: Match, merchant: Merchant) -> Call:
        """What a call carries, if it is within the rates and holds against the catalogue."""
        request, operation = exchange.request, exchange.operation
        if operation is not None and self._rates is not None:
            counted_as = (operation.method, operation.path, exchange.mchid)
            if not self._rates.admit(counted_as, operation.rates, exchange.time):
                raise refusal.too_many()
        content = payload.read(request, operation)
        if operation is not None:
            serial = request.headers.get(SERIAL_HEADER)
            known = self._world.platform_keys if merchant.platform_key is None else (merchant.platform_key,)
            content = payload.unseal(content, operation, serial, named(known, serial))
            payload.check(content, request, operation)
        return Call(
            method=request.method,
            path=request.path,
            operation=operation,
            time=self._world.now,
            mchid=exchange.mchid,
            base_url=request.origin or DEFAULT_BASE_URL,
            values=match.values,
            query=content.query,
            json=content.json,
            meta=content.meta,
            file=content.file,
            headers=request.headers,
            size=len(request.body or b""),
        )

    def _signing_key(self, request: Request, merchant: Merchant, misbehaviour: Misbehaviour) -> KeyPair:
        """A brand's own key, else the one that the request names, else the usual one; a fault may ask for another."""
        keys = self._world.platform_keys
        key = (
            merchant.platform_key
            or named(keys, request.headers.get(SERIAL_HEADER))
            or usual(keys, merchant.key.algorithm)
        )
        if misbehaviour.other_key is None:
            return key
        return other_than(keys, key, misbehaviour.other_key.serial)
