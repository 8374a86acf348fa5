"""`Webhook`: verifies and decrypts notifications, calls their handlers, and makes replies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, overload

from ..credentials.arguments import conceals_arguments
from ..errors import ConfigurationError, DecodeError, TrustError
from .arguments import check_around, check_handler, check_kind, check_webhook
from .body import Body, is_xml, raw_bytes
from .headers import HeaderSource, verifying_headers
from .notification import Notification, Reply
from .reader import Reader
from .router import Function, Kind, Late, Router, is_question, must_sign
from .seen import MemorySeen, Seen

if TYPE_CHECKING:
    from .._loop_thread import Around, CallingThread, LoopThread
    from ..credentials.brand import Brand
    from ..credentials.trust_store import TrustStore
    from ..crypto.keys import PrivateKeySource, PublicKeySource
    from .delivery import Delivery
    from .inbox import Inbox
    from .signing import ReplySigner

R = TypeVar("R")
F = TypeVar("F", bound=Function[Any])

MAX_BODY = 2 * 1024 * 1024
"""Bytes: the ciphertext of a resource may have 1,048,576 characters."""

DEADLINE = 4.5
"""Seconds: after five the platform counts a notification as failed."""


class Webhook:
    """Receives the platform's notifications; it needs no client and no network.

        webhook = Webhook(apiv3_key=..., certs={"PUB_KEY_ID_...": Path("pub_key.pem")})

        @webhook.on("TRANSACTION.SUCCESS", "transaction")
        async def paid(notification):
            await orders.mark_paid(notification.resource["out_trade_no"])

        reply = await webhook.dispatch(request.headers, await request.read())

    https://pay.weixin.qq.com/doc/v3/merchant/4012071382

    Args:
        apiv3_key: the 32 characters that open resources.
        certs: certificate serial or `PUB_KEY_ID_...` -> platform certificate or WeChat Pay public key, in any form;
            or the `TrustStore` of a client, whose keys renew themselves.
        apiv2_key: the 32 characters that APIv2 notifications are signed with; without it they are refused.
        private_key: the merchant's private key, for the few resources with fields that are encrypted for it.
        inbox: stores notifications instead of handling them, so that a worker does; see `inbox.Inbox`. What the
            platform asks and waits for, such as parking fees, is handled at once all the same.
        business_number: gives the number whose messages the inbox keeps in order; by default that of the order,
            transfer or contract.
        seen: remembers what was handled; in this process by default. Several workers need a `RedisSeen`.
        seen_key: returns the same for all repetitions of one notification; by default its `id`.
        deadline: seconds within which `dispatch` replies; to those of CROSS_BORDER_PAY within 2.5 at most.
        late: whether a handler that takes longer is finished in the background (`"finish"`) or cancelled (`"cancel"`).
            Either way the platform is told to send the notification again, and is told of the success when it does.
        sign_reply: signs replies, for the notifications that ask for it; see `AuthorizationSigner`.
        brand: the brand whose notifications are received too, or alone; with its `api_key`. The serial in a
            notification shows whether it is for the merchant or the brand.
        max_body: bytes; a longer body is refused.
        clock: gives Unix time in seconds.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    @conceals_arguments
    def __init__(
        self,
        *,
        apiv3_key: str | bytes | None = None,
        certs: Mapping[str, PublicKeySource] | TrustStore | None = None,
        apiv2_key: str | None = None,
        private_key: PrivateKeySource | None = None,
        inbox: Inbox | None = None,
        business_number: Callable[[Notification[Any]], str] | None = None,
        seen: Seen | None = None,
        seen_key: Callable[[Notification[Any]], str] = attrgetter("id"),
        deadline: float = DEADLINE,
        late: Late = "finish",
        sign_reply: ReplySigner | None = None,
        brand: Brand | None = None,
        max_body: int = MAX_BODY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_webhook(
            deadline=deadline,
            max_body=max_body,
            late=late,
            seen_key=seen_key,
            business_number=business_number,
            clock=clock,
            seen=seen,
            inbox=inbox,
            sign_reply=sign_reply,
        )
        self._reader = Reader(apiv3_key, certs, apiv2_key, private_key, brand, clock)
        self._router = Router()
        if inbox is not None and seen is not None:
            raise ConfigurationError(
                "seen", "it was given beside inbox", "Leave it out: the inbox knows what it has stored"
            )
        self._inbox = inbox
        self._business_number = business_number
        self._seen = MemorySeen() if seen is None else seen
        self._seen_key = seen_key
        self._deadline = deadline
        self._late: Late = late
        self._sign_reply = sign_reply
        self.max_body = max_body

    @classmethod
    @conceals_arguments
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Any) -> Self:
        """A webhook from environment variables, named as for `WeChatPay.from_env`, those of a brand too.

        `APIV3_KEY`, `PUBLIC_KEY` (path or PEM) with `PUBLIC_KEY_ID`, and `APIV2_KEY`; each with the prefix, and only
        those that are set.

        Args:
            prefix: what the names of the variables start with.
            options: further arguments of the class; they win over the environment.

        Raises:
            ConfigurationError: a value is wrong, or keys are missing.
        """
        values = {
            name: os.environ.get(prefix + name) for name in ("APIV3_KEY", "APIV2_KEY", "PUBLIC_KEY_ID", "PUBLIC_KEY")
        }
        identifier, public_key = values["PUBLIC_KEY_ID"], values["PUBLIC_KEY"]
        arguments: dict[str, Any] = {
            "apiv3_key": values["APIV3_KEY"] or None,
            "apiv2_key": values["APIV2_KEY"] or None,
            "certs": {identifier: public_key} if identifier and public_key else None,
        }
        if os.environ.get(f"{prefix}BRAND_ID"):
            from ..credentials.brand import Brand

            arguments["brand"] = Brand.from_env(f"{prefix}BRAND_")
        given = {**arguments, **options}
        if not any(given.get(name) for name in ("apiv3_key", "apiv2_key", "brand")):
            raise ConfigurationError(
                f"{prefix}APIV3_KEY",
                "the environment variable is not set",
                f"Set it, with {prefix}PUBLIC_KEY_ID and {prefix}PUBLIC_KEY (no file is read here), or give apiv3_key= "
                "and certs=, apiv2_key= or brand=",
            )
        return cls(**given)

    def open(self, headers: HeaderSource, body: Body) -> Notification[dict[str, Any]]:
        """Verify and decrypt a notification. It does no I/O.

        Args:
            headers: the request's headers, as the framework has them: any mapping in any case, a WSGI environ, ASGI's
                pairs of bytes.
            body: the request's body as raw bytes, not parsed.

        Raises:
            SignatureProbe: a wrong signature that the platform sent on purpose; refuse it like any other.
            SignatureError: unsigned, stale, signed by an unknown key, or altered.
            DecryptionError: the APIv3 key isn't the one that it was encrypted with.
            DecodeError: too long, or not the JSON or XML of a notification.
            ConfigurationError: an argument of the wrong type, or a notification that needs a key which wasn't given.
        """
        if type(body) is not bytes:
            body = raw_bytes(body)
        if len(body) > self.max_body:
            raise DecodeError(f"it has {len(body)} bytes, more than the {self.max_body} that a notification may have")
        return self._reader.read(headers, body)

    @overload
    def on(self, kind: Kind[R]) -> Callable[[Function[R]], Function[R]]: ...
    @overload
    def on(self, kind: str | None = None, original_type: str | None = None) -> Callable[[F], F]: ...

    def on(self, kind: str | Kind[Any] | None = None, original_type: str | None = None) -> Callable[[Any], Any]:
        """Register the handler of a kind of notification: `@webhook.on("TRANSACTION.SUCCESS")`.

        A handler is a coroutine function, or a function, which then runs in a thread. It takes the notification. It
        returns None, or the business data that the platform asked for, or a whole `Reply`. If it raises, the platform
        is told to send the notification again. The most exact handler is called.

        Args:
            kind: an event type, or a kind of `notifications.kinds`, which says what type the resource has; None for
                everything that no other handler takes.
            original_type: only resources of this type. A profit sharing that comes as `TRANSACTION.SUCCESS` is told by
                its content, and never goes to a handler of payments.

        Raises:
            ConfigurationError: there is a handler for it already, this is no kind or no handler, or its replies must
                be signed and `sign_reply` wasn't given.
        """
        check_kind(kind, original_type)
        if must_sign(kind) and self._sign_reply is None:
            raise ConfigurationError(
                "sign_reply", "replies to this kind must be signed", "Give sign_reply=AuthorizationSigner(...)"
            )

        def register(function: Any) -> Any:
            check_handler(function)
            self._router.add(kind, original_type, function)
            return function

        return register

    async def dispatch(self, headers: HeaderSource, body: Body) -> Reply:
        """Verify a notification, call its handler, and return the reply. It raises nothing.

        A notification that was handled before is answered with success and not handled again. What must not be
        believed, and what no handler was registered for, is refused and logged. With an inbox, it is stored, whether or
        not it has a handler here, and answered with success once that is committed.

        Args:
            headers: as for `open`.
            body: as for `open`.
        """
        return await self._dispatch(headers, body)

    async def _dispatch(self, headers: HeaderSource, body: Body, calling_thread: CallingThread | None = None) -> Reply:
        try:
            if self._inbox is not None:
                # A list, since they are read twice. Those of APIv2 messages don't matter.
                headers = {} if is_xml(body) else verifying_headers(headers)
            if self._reader.has_sm2:
                from ..credentials.sm_threads import in_thread

                notification = await in_thread(self.open, headers, body)
            else:
                notification = self.open(headers, body)
        except (ConfigurationError, TrustError) as error:
            return self._delivery.refuse(error, xml=is_xml(body))
        route = self._router.find(notification)
        if self._inbox is None or is_question(notification):
            return await self._delivery.deliver(route, notification, calling_thread)
        from .inbox import Message, business_number

        number = self._business_number or business_number
        message = partial(Message.of, notification, headers, raw_bytes(body), key=self._seen_key, number=number)
        return await self._delivery.store(self._inbox, message, notification, calling_thread)

    async def handle(self, notification: Notification[Any]) -> Reply:
        """Call the handler of a notification that was stored, for the worker of an inbox.

        There is no deadline, and repetitions are the worker's concern. A handler that is a plain function runs in a
        thread; it can't be stopped, so it is waited for even if this is cancelled.

        Args:
            notification: what `open` returned, or `Message.notification`.

        Returns:
            the handler's reply; one that isn't `ok` means that it wasn't handled: 501 that it has no handler.

        Raises:
            Exception: whatever the handler raises.
        """
        return await self._handle(notification)

    def handle_sync(self, notification: Notification[Any]) -> Reply:
        """`handle` for programs without an event loop: a handler that is a plain function runs in this thread.

        Args:
            notification: as for `handle`.
        """
        from .._loop_thread import CallingThread

        here = CallingThread()
        return self._thread.run(self._handle(notification, here), here)

    async def _handle(self, notification: Notification[Any], calling_thread: CallingThread | None = None) -> Reply:
        route = self._router.find(notification)
        if route is None:
            return Reply.failure("no handler", status=501)
        return await self._delivery.handle(route, notification, calling_thread)

    def dispatch_sync(
        self, headers: HeaderSource, body: Body, *, in_calling_thread: bool = False, around: Around | None = None
    ) -> Reply:
        """`dispatch` for programs without an event loop, such as Flask or Django under WSGI.

        Handlers run in other threads, coroutine functions in one with an event loop, and see the caller's context
        variables.

        Args:
            headers: as for `open`.
            body: as for `open`.
            in_calling_thread: whether plain functions run in the thread that calls, for frameworks whose database
                transactions belong to a thread. The reply then waits for them, however long they take.
            around: calls such a function, and returns what it returned. The notification counts as handled after that,
                so a transaction that it makes around the function is committed by then. Only with `in_calling_thread`.

        Raises:
            ConfigurationError: `around` was given without `in_calling_thread`, or is no function.
        """
        check_around(around, in_calling_thread=in_calling_thread)
        if not in_calling_thread:
            return self._thread.run(self.dispatch(headers, body))
        from .._loop_thread import CallingThread

        here = CallingThread(around)
        return self._thread.run(self._dispatch(headers, body, here), here)

    @property
    def is_busy(self) -> bool:
        """Whether handlers are at work, those that go on in the background too."""
        return self._delivery.is_busy

    async def aclose(self) -> None:
        """Wait for handlers that run on in the background."""
        await self._delivery.drain()

    # Copies would share handlers, threads, keys and the store of seen notifications.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a webhook holds keys and threads and can't be pickled: make one in each process")

    # asyncio and logging are imported on first dispatch: a program that only calls open() needs neither.

    @cached_property
    def _delivery(self) -> Delivery:
        from .delivery import Delivery

        return Delivery(self._seen, self._seen_key, self._deadline, self._late, self._sign_reply)

    @cached_property
    def _thread(self) -> LoopThread:
        from .._loop_thread import LoopThread

        return LoopThread(type(self).__name__, self._delivery.drain)
