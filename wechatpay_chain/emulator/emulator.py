"""`Emulator`: combines the world, its controls and the protocols."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import catalogue
from .._arguments import FLAG, SECONDS, TEXT, Takes, a_count, a_function, a_number, check, instance, one_of
from ..crypto.api_keys import load_apiv2_key, load_apiv3_key
from ..errors import ConnectionFailed
from ..http.headers import Headers
from ..http.path import literal_path
from ..http.request import METHODS, Request
from ..http.response import Response
from .controls import Controls
from .exchange import Exchange
from .kept import Kept
from .misbehaviour import GOOD, AnswerLost, Misbehaviour, claimed_merchant, forged, html
from .notifications.apps import App
from .platform import answer
from .platform.call import Call
from .platform.keys import KeyPair, make_apiv3_key
from .platform.routes import UserRoute
from .products import PRODUCTS
from .protocols.apiv2 import ApiV2
from .protocols.apiv3 import ApiV3
from .protocols.dispatch import Dispatch
from .world.merchants import Merchant
from .world.state import State
from .world.world import World

if TYPE_CHECKING:
    from ssl import SSLContext

    from .server import Listening


def _are_keys(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(key, KeyPair) for key in cast("Sequence[object]", value))


_KEY = "Give KeyPair.merchant(), or KeyPair.merchant('SM2')"
_TAKES = {
    "mchid": TEXT,
    "clock": a_function("Give a function that returns Unix time in seconds, such as time.time"),
    "merchant_key": instance(KeyPair | None, _KEY),
    "platform_keys": Takes(_are_keys, "Give a list: [KeyPair.wechatpay()]").or_none(),
    "state": instance(Path | None, "Give the path of a folder: Path('world')"),
    "keep": a_count(0, "Give a whole number, 0 or more"),
    "notify": instance(Mapping | None, "Give a dict: {'https://shop.example': app}"),
    "patience": SECONDS.or_none(),
    "pay_after": a_number(0, inf, "Give a number of seconds").or_none(),
    "random_seed": instance(int | None, "Give a whole number"),
    "rate_limits": FLAG,
}
_MERCHANT_TAKES = {
    "merchant": instance(Merchant, "Give Merchant(mchid=...), of wechatpay_chain.emulator.world.merchants"),
}
_KEYS_TAKE = {
    "platform_keys": Takes(lambda value: bool(value) and _are_keys(value), "Give a list: [KeyPair.wechatpay()]"),
}
_ROUTE_TAKES = {
    "method": one_of(METHODS, f"Give one of {', '.join(METHODS)}"),
    "template": TEXT,
    "route": a_function("Register a function, or a coroutine function, that takes the call"),
}


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
        merchant_key: the first merchant's key; a fresh one by default. With `KeyPair.merchant("SM2")` it is in SM mode.
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
        random_seed: of the random numbers by which a fault strikes a share of the calls.
        rate_limits: whether calls beyond the documented rates are refused.

    Attributes:
        world: merchants, records, the clock and what is to be announced.
        faults: the rules by which the platform misbehaves.
        calls: the last calls that passed all checks, the newest last.
        exchanges: the last requests with their answers, the newest last.

    Raises:
        ConfigurationError: the state folder can't be used, or an argument is wrong.
    """

    # As a transport, exceptions of a function given to `on` are raised to the test that gave it.
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
        rate_limits: bool = True,
    ) -> None:
        check(
            _TAKES,
            mchid=mchid,
            clock=clock,
            merchant_key=merchant_key,
            platform_keys=platform_keys,
            state=state,
            keep=keep,
            notify=notify,
            patience=patience,
            pay_after=pay_after,
            random_seed=random_seed,
            rate_limits=rate_limits,
        )
        load_apiv3_key(apiv3_key)
        load_apiv2_key(apiv2_key)
        self._clock = clock
        world = World(
            [kind for product in PRODUCTS for kind in product.kinds],
            clock=clock,
            state=None if state is None else State(state),
        )
        super().__init__(
            world,
            real=clock,
            notify=notify,
            patience=patience,
            pay_after=pay_after,
            random_seed=random_seed,
            keep=keep,
        )
        if platform_keys or not self.world.platform_keys:
            self.world.platform_keys = tuple(platform_keys or (KeyPair.wechatpay(),))
        self._mchid = mchid
        self._add_first_merchant(merchant_key, apiv3_key, apiv2_key)
        self.calls: deque[Call] = Kept(keep)
        self._numbers = itertools.count(1)
        self._dispatch = Dispatch(world, self.ripen, self.calls)
        self._apiv3 = ApiV3(world, self._dispatch, rate_limits=rate_limits)
        self._apiv2 = ApiV2(world, self._dispatch)

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
        check(_KEYS_TAKE, platform_keys=keys)
        self.world.platform_keys = tuple(keys)

    def add_merchant(self, merchant: Merchant) -> Merchant:
        """Let another merchant call; one of the same number is replaced. Returns it.

        Raises:
            ConfigurationError: it is no `Merchant`.
        """
        check(_MERCHANT_TAKES, merchant=merchant)
        return self.world.add_merchant(merchant)

    def credentials(self, mchid: str | None = None, /, **changes: Any) -> dict[str, Any]:
        """The arguments of a client of a merchant: `WeChatPay(**emulator.credentials(), ...)`.

        Args:
            mchid: whose; by default the first merchant's.
            changes: further arguments of the client, or others in place of these.

        Raises:
            ConfigurationError: there is no such merchant.
        """
        merchant = self.world.merchant(self.mchid if mchid is None else mchid)
        return {**merchant.credentials(self.platform_keys), **changes}

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

        Raises:
            ConfigurationError: this is no method, no path, or no function.
        """
        check(_ROUTE_TAKES, method=method, template=template)
        path = literal_path(template)

        def register(route: UserRoute) -> UserRoute:
            check(_ROUTE_TAKES, route=route)
            self._dispatch.own.add(method, path, route)
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
        """Release the state folder."""
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
            response = await self._apiv2.answer(exchange, apiv2_operation, misbehaviour)
        else:
            misdirected = self._apiv2.misdirected(exchange)
            response = misdirected or await self._apiv3.answer(exchange, misbehaviour)
        response = answer.dated(forged(response, misbehaviour.flaw), exchange.time)
        exchange.response, exchange.seconds = response, time.perf_counter() - begun
        self.record(exchange)
        misbehaviour.check_complete(response)
        return response

    def _add_first_merchant(self, key: KeyPair | None, apiv3_key: str | None, apiv2_key: str | None) -> None:
        """Add the merchant of `mchid`; keys that aren't given are those of the state folder, or new ones."""
        known = self.world.merchants.get(self._mchid)
        if known is None or key or apiv3_key or apiv2_key:
            self.add_merchant(
                Merchant(
                    mchid=self._mchid,
                    key=key or (known.key if known else KeyPair.merchant()),
                    apiv3_key=apiv3_key or (known.apiv3_key if known else make_apiv3_key()),
                    apiv2_key=apiv2_key or (known.apiv2_key if known else make_apiv3_key()),
                )
            )

    async def _struck(self, exchange: Exchange) -> Misbehaviour:
        """The faults that strike a call; if one is a delay, returns after it."""
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
