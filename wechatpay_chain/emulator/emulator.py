"""`Emulator`: the checks, the routes and the answers, put together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import catalogue
from ..crypto import serials
from ..http.headers import Headers
from ..http.request import Request
from ..http.response import Response
from ..wire.v3.signature import SERIAL_HEADER
from .platform import answer, apiv2, authentication, payload, refusal
from .platform.call import Answer, Call
from .platform.keys import KeyPair, make_apiv3_key
from .platform.rates import RateWindows
from .platform.refusal import Refusal
from .platform.routes import Match, Route, Routes, placeholder_values
from .products import security
from .products.control_orders import ControlOrders
from .products.files import Downloads
from .products.synthetic import synthesize

if TYPE_CHECKING:
    from ssl import SSLContext

    from .server import Listening

_KEPT_CALLS = 1000


class Emulator:
    """The platform for one merchant: a `Handler`, or a server on a port.

        emulator = Emulator()
        wxpay = WeChatPay(**emulator.credentials(), transport=emulator)

        async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay: ...

    Every operation of the catalogue is answered: control orders, the echo, the platform certificates and links to
    files from what happened before, all others with synthetic values of the right types. It may be used from many
    threads.

    Args:
        mchid: the merchant's number.
        clock: gives Unix time in seconds.
        merchant_key: the merchant's key; a fresh one by default.
        platform_keys: the platform's keys; by default one fresh WeChat Pay public key.
        apiv3_key: 32 characters; fresh ones by default.
        apiv2_key: 32 characters; fresh ones by default.

    Attributes:
        mchid: the merchant's number.
        merchant_key: the merchant's key.
        platform_keys: the platform's keys. The one that a request's `Wechatpay-Serial` names signs its answer, else
            the first certificate, else the first key. Put another tuple here to rotate them.
        apiv3_key: 32 characters.
        apiv2_key: 32 characters.
        calls: the last 1000 calls that passed all checks, the newest last.
    """

    def __init__(
        self,
        *,
        mchid: str = "1900000109",
        clock: Callable[[], float] = time.time,
        merchant_key: KeyPair | None = None,
        platform_keys: Sequence[KeyPair] | None = None,
        apiv3_key: str | None = None,
        apiv2_key: str | None = None,
    ) -> None:
        self.mchid = mchid
        self.merchant_key = merchant_key or KeyPair.merchant()
        self.platform_keys = tuple(platform_keys or (KeyPair.wechatpay(),))
        self.apiv3_key = apiv3_key or make_apiv3_key()
        self.apiv2_key = apiv2_key or make_apiv3_key()
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self._clock = clock
        self._rates = RateWindows()
        self._own_routes = Routes()
        self._user_routes = Routes()
        ControlOrders().register(self._own_routes)
        security.register(self._own_routes, lambda: self.platform_keys, self.apiv3_key)
        self._downloads = Downloads()
        self._downloads.register(self._own_routes)

    def credentials(self, **changes: Any) -> dict[str, Any]:
        """The arguments of a client of this merchant: `WeChatPay(**emulator.credentials(), ...)`.

        Args:
            changes: further arguments of the client, or others in place of these.
        """
        return {
            "mchid": self.mchid,
            "serial": self.merchant_key.serial,
            # Loaded: parsing and checking it would cost every client 40 ms.
            "private_key": self.merchant_key.private_key,
            "certs": {key.serial: key.public_pem for key in self.platform_keys},
            "apiv3_key": self.apiv3_key,
            "apiv2_key": self.apiv2_key,
            "merchant_cert": self.merchant_key.public_pem if self.merchant_key.certificate else None,
            **changes,
        }

    @property
    def bank_key(self) -> KeyPair:
        """Opens what calls of APIv2 encrypt for the bank; its public half is what `risk/getpublickey` answers."""
        return self.platform_keys[0]

    def on(self, method: str, template: str) -> Callable[[Route], Route]:
        """Answer a path by a function of one's own; it wins over what the emulator would do.

            @emulator.on("POST", "/v3/new/{id}")
            def answer(call):
                return {"id": call.values["id"]}

        The function, or coroutine function, takes a `Call` and returns JSON values, None for no content, or a whole
        `Response`; it may raise `Refusal`. What it returns is encrypted where the catalogue says so, and signed.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            template: path with `{placeholders}`.
        """

        def register(route: Route) -> Route:
            self._user_routes.add(method, template, route)
            return route

        return register

    def listen(self, host: str = "127.0.0.1", port: int = 0, *, tls: SSLContext | None = None) -> Listening:
        """A server for this emulator, to be used with `async with` or, in a program without event loop, `with`.

        Entering it gives the base URL.

        Args:
            host: address to listen on.
            port: port, 0 for a free one.
            tls: serves `https`. Where it verifies the certificates of clients, calls that must present the merchant's
                are refused without it.
        """
        from .server import Listening

        return Listening(self.receive, host, port, tls)

    async def __call__(self, request: Request) -> Response[Any]:
        """Answer a client in the same process, where no transport names itself in a `User-Agent`."""
        headers = Headers({"User-Agent": "in-process"}).merge(request.headers)
        body = request.body if request.payload is None else await request.payload.read()
        response = await self.receive(request.changed(headers=headers, body=body))
        return response.changed(request=request)

    async def receive(self, request: Request) -> Response[Any]:
        """Answer a request as it came: only method, path, query, headers and body are looked at.

        Of an APIv2 call also `security`, which says whether the merchant certificate was presented.
        """
        apiv2_operation = catalogue.find(request.method, "/v2" + request.path.removeprefix("/v2"))
        if apiv2_operation is not None:
            return await self._receive_apiv2(request, apiv2_operation)
        try:
            self._authenticate(request)
        except Refusal as refused:
            return answer.number(refused.response(), refused.number)
        operation = catalogue.find(request.method, request.path)
        try:
            call, route = self._admit(request, operation)
            self.calls.append(call)
            value = route(call)
            if isinstance(value, Awaitable):
                value = await value
            response, ending = answer.respond(value, operation, self.merchant_key.private_key.public_key()), 0
        except Refusal as refused:
            response, ending = refused.response(), refused.number
        signing_key = self._named_key(request) or self._default_key()
        return answer.sign(answer.number(response, ending), operation, signing_key, self._clock())

    def _authenticate(self, request: Request) -> None:
        authentication.check_client_headers(request)
        authentication.authenticate(request, self.mchid, self.merchant_key, self._clock())

    def _admit(self, request: Request, operation: catalogue.Operation | None) -> tuple[Call, Route]:
        now = self._clock()
        match = self._match(request, operation)
        if operation is not None and not self._rates.admit((operation.method, operation.path), operation.rates, now):
            raise refusal.too_many()
        content = payload.read(request, operation)
        if operation is not None:
            named = request.headers.get(SERIAL_HEADER)
            content = payload.unseal(content, operation, named, self._named_key(request))
            payload.check(content, request, operation)
        call = Call(
            method=request.method,
            path=request.path,
            operation=operation,
            time=now,
            values=match.values,
            query=content.query,
            json=content.json,
            meta=content.meta,
            file=content.file,
            headers=request.headers,
        )
        return call, match.route

    def _match(self, request: Request, operation: catalogue.Operation | None) -> Match:
        method, path = request.method, request.path
        match = self._user_routes.find(method, path) or self._own_routes.find(method, path)
        if match is not None:
            return match
        if operation is not None:
            values = placeholder_values(operation.path, path) or {}
            return Match(route=partial(self._synthesize, operation=operation), values=values)
        if catalogue.at(path) or self._user_routes.knows(path):
            raise refusal.wrong_method()
        raise refusal.no_operation(method, path)

    def _synthesize(self, call: Call, operation: catalogue.Operation) -> Answer:
        return self._downloads.link(synthesize(call, operation), call)

    async def _receive_apiv2(self, request: Request, operation: catalogue.Operation) -> Response[Any]:
        key, kind = apiv2.key_of(operation, self.apiv2_key), None
        try:
            received = apiv2.receive(request, operation, self.mchid, key, self.merchant_key, self.bank_key)
            kind = received.fields.get("sign_type")
            call = Call(
                method=request.method,
                path=request.path,
                operation=operation,
                time=self._clock(),
                xml=received.fields,
                file=received.file,
                headers=request.headers,
            )
            self.calls.append(call)
            own = self._user_routes.find(request.method, operation.path)
            value = own.route(call) if own else self._known_apiv2(call, operation)
            if isinstance(value, Awaitable):
                value = await value
        except apiv2.RefusalV2 as refused:
            return apiv2.refuse(refused, operation, key, kind)
        if isinstance(value, dict) and operation.answer == "xml":
            return apiv2.respond(value, operation, key, kind)
        return answer.respond(value, None, self.merchant_key.private_key.public_key())

    def _known_apiv2(self, call: Call, operation: catalogue.Operation) -> Answer:
        if operation.path == "/v2/risk/getpublickey":
            return {**apiv2.public_key(self.bank_key), "mch_id": self.mchid}
        if operation.path.endswith("/getsignkey"):
            return {"mch_id": self.mchid, "sandbox_signkey": apiv2.sandbox_key(self.apiv2_key)}
        return synthesize(call, operation)

    def _named_key(self, request: Request) -> KeyPair | None:
        named = serials.key(request.headers.get(SERIAL_HEADER, ""))
        return next((key for key in self.platform_keys if serials.key(key.serial) == named), None)

    def _default_key(self) -> KeyPair:
        # Who doesn't ask for a public key is answered with a certificate, where there is one.
        return next((key for key in self.platform_keys if key.certificate is not None), self.platform_keys[0])
