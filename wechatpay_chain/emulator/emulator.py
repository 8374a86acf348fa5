"""`Emulator`: the checks, the routes and the answers, put together."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import catalogue
from ..crypto import serials
from ..crypto.asymmetric import Algorithm
from ..errors import ConnectionFailed
from ..http.headers import Headers
from ..http.request import Request
from ..http.response import Response
from ..wire.v3.signature import SERIAL_HEADER
from ..wire.words import OF_BRAND, OF_MERCHANT
from .controls import Controls
from .exchange import Exchange
from .kept import Kept
from .misbehaviour import GOOD, STALE, AnswerLost, Misbehaviour, claimed_merchant, forged, html
from .notifications.apps import App
from .platform import answer, apiv2, authentication, payload, refusal, relations
from .platform.call import DEFAULT_BASE_URL, Answer, Call
from .platform.keys import KeyPair, make_apiv3_key
from .platform.rates import RateWindows
from .platform.refusal import Refusal
from .platform.routes import Match, Routes, UserRoute, placeholder_values
from .products import PRODUCTS, wishes
from .products.product import Route
from .products.synthetic import synthesize
from .world.merchants import Merchant
from .world.state import State
from .world.world import World

if TYPE_CHECKING:
    from ssl import SSLContext

    from .server import Listening

_ROUTES: dict[str, Route] = {line: route for product in PRODUCTS for line, route in product.routes.items()}
_SYNTHETIC = Headers({"Emulator-Answer": "synthetic"})
_SERVER = "wechatpay-chain-emulator"


class Emulator(Controls):
    """The platform: a `Handler`, or a server on a port.

        emulator = Emulator()
        wxpay = WeChatPay(**emulator.credentials(), transport=emulator)

        async with emulator.listen() as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay: ...

    Every operation of the catalogue is answered: those of the products in `products/` from what happened before, all
    others with synthetic values of the right types. It may be used from many threads.

    Args:
        mchid: the first merchant's number.
        clock: gives real Unix time in seconds.
        merchant_key: the first merchant's key; a fresh one by default. `KeyPair.merchant("SM2")` puts him into SM mode.
        platform_keys: the platform's keys; by default one fresh WeChat Pay public key, and for merchants in SM mode a
            certificate of SM2 beside it.
        apiv3_key: the first merchant's, 32 characters; fresh ones by default.
        apiv2_key: the first merchant's, 32 characters; fresh ones by default.
        state: a folder that keeps merchants, keys and records, and is used again; by default they are in memory only.
        keep: how many calls and exchanges are kept. The last 16 keep their bodies whole, older ones 256 kB of each.
        notify: which `notify_url` leads where: beginnings of URLs, and for each another beginning, or an ASGI or WSGI
            app in this process. Only this machine is called otherwise.
        patience: real seconds that merchants have to answer a notification; by default, the kind's own 5 or 3.
        pay_after: seconds of the world's time after which every order is paid by itself; None for never.
        random_seed: of the chance behind faults that strike a share of the calls.

    Attributes:
        world: merchants, records, the clock and what is to be announced.
        faults: the rules by which the platform misbehaves.
        calls: the last calls that passed all checks, the newest last.
        exchanges: the last requests with their answers, the newest last.

    Raises:
        ConfigurationError: the state folder can't be used.
    """

    # As a transport: what a function of `on` raises reaches the test that brought it.
    passes_exceptions = True

    def __init__(
        self,
        *,
        mchid: str = "1900000109",
        clock: Callable[[], float] = time.time,
        merchant_key: KeyPair | None = None,
        platform_keys: Sequence[KeyPair] | None = None,
        apiv3_key: str | None = None,
        apiv2_key: str | None = None,
        state: Path | None = None,
        keep: int = 1000,
        notify: Mapping[str, str | App] | None = None,
        patience: float | None = None,
        pay_after: float | None = None,
        random_seed: int | None = None,
    ) -> None:
        self._clock = clock
        world = World(
            [kind for product in PRODUCTS for kind in product.kinds],
            clock=clock,
            state=None if state is None else State(state),
        )
        super().__init__(
            world,
            real=clock,
            default_key=self._default_key,
            notify=notify,
            patience=patience,
            pay_after=pay_after,
            random_seed=random_seed,
            keep=keep,
        )
        if platform_keys or not self.world.platform_keys:
            self.world.platform_keys = tuple(platform_keys or (KeyPair.wechatpay(),))
        self._mchid = mchid
        known = self.world.merchants.get(mchid)
        if known is None or merchant_key or apiv3_key or apiv2_key:
            self.add_merchant(
                Merchant(
                    mchid=mchid,
                    key=merchant_key or (known.key if known else KeyPair.merchant()),
                    apiv3_key=apiv3_key or (known.apiv3_key if known else make_apiv3_key()),
                    apiv2_key=apiv2_key or (known.apiv2_key if known else make_apiv3_key()),
                )
            )
        self.calls: deque[Call] = Kept(keep)
        self._numbers = itertools.count(1)
        self._rates = RateWindows()
        self._user_routes = Routes()

    @property
    def mchid(self) -> str:
        """The first merchant's number."""
        return self._mchid

    @property
    def merchant_key(self) -> KeyPair:
        """The first merchant's key."""
        return self.world.merchants[self._mchid].key

    @property
    def apiv3_key(self) -> str:
        """The first merchant's APIv3 key."""
        return self.world.merchants[self._mchid].apiv3_key

    @property
    def apiv2_key(self) -> str:
        """The first merchant's APIv2 key."""
        return self.world.merchants[self._mchid].apiv2_key

    @property
    def platform_keys(self) -> tuple[KeyPair, ...]:
        """The platform's keys; put another tuple here to rotate them.

        The one that a request's `Wechatpay-Serial` names signs its answer, else the first certificate, else the first.
        """
        return self.world.platform_keys

    @platform_keys.setter
    def platform_keys(self, keys: Sequence[KeyPair]) -> None:
        self.world.platform_keys = tuple(keys)

    def add_merchant(self, merchant: Merchant) -> Merchant:
        """Let another merchant call; one of the same number is replaced. Returns it."""
        return self.world.add_merchant(merchant)

    def credentials(self, mchid: str | None = None, /, **changes: Any) -> dict[str, Any]:
        """The arguments of a client of a merchant: `WeChatPay(**emulator.credentials(), ...)`.

        Args:
            mchid: whose; by default the first merchant's.
            changes: further arguments of the client, or others in place of these.

        Raises:
            KeyError: there is no such merchant.
        """
        return {**self.world.merchants[mchid or self.mchid].credentials(self.platform_keys), **changes}

    @property
    def bank_key(self) -> KeyPair:
        """Opens what calls of APIv2 encrypt for the bank; its public half is what `risk/getpublickey` answers."""
        return self.world.bank_key

    def on(self, method: str, template: str) -> Callable[[UserRoute], UserRoute]:
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

        def register(route: UserRoute) -> UserRoute:
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

        return Listening(self.receive, host, port, tls, self)

    def close(self) -> None:
        """Let go of the state folder."""
        self.world.close()

    async def __call__(self, request: Request) -> Response[Any]:
        """Answer a client in the same process, where no transport names itself in a `User-Agent`."""
        headers = Headers({"User-Agent": "in-process"}).merge(request.headers)
        body = request.body if request.payload is None else await request.payload.read()
        try:
            response = await self.receive(request.changed(headers=headers, body=body, origin=""))
        except AnswerLost as lost:
            error = ConnectionFailed("the connection to the emulator broke, by one of its faults")
            error.request, error.attempts, error.outcome = request.line, 1, "unknown"
            raise error from lost
        return response.changed(request=request)

    async def receive(self, request: Request) -> Response[Any]:
        """Answer a request as it came: only method, path, query, headers and body are looked at.

        Also `origin`, the scheme and host that it was sent to, which links in the answer begin with; and of an APIv2
        call `security`, which says whether the merchant certificate was presented.

        Raises:
            AnswerLost: by a fault, the connection is to break.
        """
        begun = time.perf_counter()
        exchange = Exchange(number=next(self._numbers), time=self._clock(), request=request)
        apiv2_operation = catalogue.find(request.method, "/v2" + request.path.removeprefix("/v2"))
        exchange.operation = apiv2_operation or catalogue.find(request.method, request.path)
        misbehaviour = await self._struck(exchange)
        if misbehaviour.page is not None:
            response = html(misbehaviour.page.status)
        elif apiv2_operation is not None:
            response = await self._receive_apiv2(exchange, apiv2_operation, misbehaviour)
        else:
            response = await self._receive_apiv3(exchange, misbehaviour)
        response = forged(response, misbehaviour.flaw)
        response = response.changed(headers=response.headers.merge(_server_headers(int(exchange.time))))
        exchange.response, exchange.seconds = response, time.perf_counter() - begun
        self.record(exchange)
        misbehaviour.check_complete(response)
        return response

    async def _struck(self, exchange: Exchange) -> Misbehaviour:
        """What a call meets; where it is a delay, after that."""
        if not len(self.faults):
            return GOOD
        request = exchange.request
        path = exchange.operation.path if exchange.operation else request.path
        exchange.effects = self.faults.strike(f"{request.method} {path}", claimed_merchant(request))
        misbehaviour = Misbehaviour.of(exchange.effects)
        if misbehaviour.delay is not None:
            await asyncio.sleep(misbehaviour.delay.seconds)
        if misbehaviour.skew is not None:
            exchange.time += misbehaviour.skew.seconds
        return misbehaviour

    async def _receive_apiv3(self, exchange: Exchange, misbehaviour: Misbehaviour) -> Response[Any]:
        request, operation = exchange.request, exchange.operation
        try:
            authentication.check_client_headers(request)
            merchant = authentication.authenticate(request, self.world.merchants, exchange.time)
        except Refusal as refused:
            exchange.refusal = refused
            return answer.number(refused.response(), refused.number)
        exchange.mchid = merchant.mchid
        try:
            if misbehaviour.refuse is not None:
                refuse = misbehaviour.refuse
                raise Refusal(refuse.status, refuse.code, refuse.message)
            with _orderly():
                self.ripen()
            match = self._match(request, operation)
            call = exchange.call = self._admit(exchange, match, merchant)
            self.calls.append(call)
            value = await self._perform(match, call, merchant)
            response, ending = answer.respond(value, operation, merchant.key.private_key.public_key()), 0
            if match.synthetic:
                response = response.changed(headers=response.headers.merge(_SYNTHETIC))
        except Refusal as refused:
            exchange.refusal = refused
            response, ending = refused.response(), refused.number
        accepted = OF_BRAND if merchant.platform_key else OF_MERCHANT
        signing_key = merchant.platform_key or self._named_key(request) or self._default_key(merchant.key.algorithm)
        if misbehaviour.other_key is not None:
            signing_key = self.notifier.other_key(misbehaviour.other_key.serial, signing_key)
        signed_at = exchange.time - (STALE if misbehaviour.flaw == "stale" else 0)
        return answer.sign(answer.number(response, ending), operation, signing_key, signed_at, accepted)

    def _admit(self, exchange: Exchange, match: Match, merchant: Merchant) -> Call:
        request, operation = exchange.request, exchange.operation
        if operation is not None and not self._rates.admit(
            (operation.method, operation.path, exchange.mchid), operation.rates, exchange.time
        ):
            raise refusal.too_many()
        content = payload.read(request, operation)
        if operation is not None:
            named = request.headers.get(SERIAL_HEADER)
            known = self.platform_keys if merchant.platform_key is None else (merchant.platform_key,)
            content = payload.unseal(content, operation, named, _named(known, named))
            payload.check(content, request, operation)
        return Call(
            method=request.method,
            path=request.path,
            operation=operation,
            time=self.world.now,
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

    def _match(self, request: Request, operation: catalogue.Operation | None) -> Match:
        method, path = request.method, request.path
        match = self._user_routes.find(method, path)
        if match is not None:
            return match
        if operation is not None:
            return self._known(operation, path)
        if catalogue.at(path) or self._user_routes.knows(path):
            raise refusal.wrong_method()
        raise refusal.no_operation(method, path)

    def _known(self, operation: catalogue.Operation, path: str) -> Match:
        values = placeholder_values(operation.path, path) or {}
        route = _ROUTES.get(f"{operation.method} {operation.path}")
        if route is not None:
            return Match(route=partial(route, self.world), values=values, own=False)
        return Match(
            route=partial(synthesize, self.world, operation=operation), values=values, own=False, synthetic=True
        )

    async def _perform(self, match: Match, call: Call, merchant: Merchant) -> Answer:
        if match.own:
            value = match.route(call)
            return await value if isinstance(value, Awaitable) else value
        relations.check(merchant, call)
        wishes.fulfil(call)
        with _orderly(), self.world.transaction():
            try:
                return cast("Answer", match.route(call))
            except Refusal as refused:
                if not refused.keeps:
                    raise
                kept = refused
        raise kept

    async def _receive_apiv2(
        self, exchange: Exchange, operation: catalogue.Operation, misbehaviour: Misbehaviour
    ) -> Response[Any]:
        request, kind, key = exchange.request, None, ""
        try:
            read = apiv2.read(request, operation)
            merchant = apiv2.merchant_of(read, operation, self.world.merchants)
            exchange.mchid, key = merchant.mchid, apiv2.key_of(operation, merchant.apiv2_key)
            received = apiv2.receive(read, request, operation, key, merchant.key, self.bank_key)
            kind = received.fields.get("sign_type")
            if misbehaviour.refuse is not None:
                raise apiv2.RefusalV2(misbehaviour.refuse.message, misbehaviour.refuse.code)
            call = exchange.call = Call(
                method=request.method,
                path=request.path,
                operation=operation,
                time=self.world.now,
                mchid=merchant.mchid,
                base_url=request.origin or DEFAULT_BASE_URL,
                xml=received.fields,
                file=received.file,
                headers=request.headers,
                size=len(request.body or b""),
            )
            self.calls.append(call)
            with _orderly():
                self.ripen()
            match = self._user_routes.find(request.method, operation.path) or self._known(operation, operation.path)
            value = await self._perform(match, call, merchant)
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
        return response.changed(headers=response.headers.merge(_SYNTHETIC)) if match.synthetic else response

    def _named_key(self, request: Request) -> KeyPair | None:
        return _named(self.platform_keys, request.headers.get(SERIAL_HEADER))

    def _default_key(self, algorithm: Algorithm) -> KeyPair:
        keys = [key for key in self.platform_keys if key.algorithm == algorithm] or self.platform_keys
        # Who doesn't ask for a public key is answered with a certificate, where there is one.
        return next((key for key in keys if key.certificate is not None), keys[0])


def _named(keys: Sequence[KeyPair], serial: str | None) -> KeyPair | None:
    """The key of a serial, in any spelling."""
    named = serials.key(serial or "")
    return next((key for key in keys if serials.key(key.serial) == named), None)


@lru_cache(maxsize=2)
def _server_headers(now: int) -> Headers:
    return Headers({"Date": formatdate(now, usegmt=True), "Server": _SERVER})


@contextlib.contextmanager
def _orderly() -> Generator[None]:
    """A state that can't be written, because the disk is full for instance, is the platform's own failure."""
    try:
        yield
    except OSError as error:
        raise Refusal(500, "SYSTEM_ERROR", f"系统异常，请用相同参数重新调用（{error}）") from error
