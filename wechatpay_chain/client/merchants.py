"""`Merchants`: many merchants in one process, added, replaced and removed while others make calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack
from weakref import WeakSet

from .._arguments import a_function, check
from ..credentials.arguments import conceals_arguments
from ..errors import ConfigurationError, SignatureError, TrustError
from ..notifications import HeaderSource, Late, MemorySeen, Notification, Reply, ReplySigner, Seen, Webhook
from ..notifications.arguments import check_webhook
from ..notifications.headers import verifying_headers
from ..transport.aiohttp import ClientSession, made, new_session
from ..wire.v3.signature import SERIAL_HEADER
from .asynchronous import WeChatPay
from .options import FurtherArguments, Options, check_shared
from .other_names import check_arguments

if TYPE_CHECKING:
    from ..credentials.signer import Signer
    from ..credentials.trust_store import TrustStore
    from ..crypto.asymmetric import PublicKey
    from ..crypto.keys import PrivateKeySource, PublicKeySource
    from ..notifications.inbox import Inbox

_log = logging.getLogger(__name__)


class WebhookArguments(TypedDict, total=False):
    """What a `Webhook` takes beside the keys, which it shares with the client."""

    inbox: Inbox | None
    business_number: Callable[[Notification[Any]], str] | None
    seen: Seen | None
    seen_key: Callable[[Notification[Any]], str]
    deadline: float
    late: Late
    sign_reply: ReplySigner | None
    max_body: int


_TAKES = {"on_webhook": a_function("Give a function that takes the merchant's number and his webhook").or_none()}
# What a notification calls the merchant that it is for.
_NUMBERS = ("mchid", "sp_mchid", "combine_mchid")
_OF_WEBHOOK = WebhookArguments.__annotations__.keys()


class SharedArguments(FurtherArguments, WebhookArguments, total=False):
    """Arguments of all merchants."""


class MerchantArguments(SharedArguments, total=False):
    """Arguments of one merchant."""

    serial: str
    private_key: PrivateKeySource | Signer
    certs: Mapping[str, PublicKeySource] | None


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant.

    Attributes:
        client: makes its calls. It may be used after the merchant's removal, to finish what was begun.
        webhook: receives its notifications; None for a merchant without API key.
    """

    client: WeChatPay
    webhook: Webhook | None


class Merchants:
    """Merchants by number, over one pool of connections.

        async with Merchants(on_webhook=register_handlers) as merchants:
            merchants.put("1900000109", serial=..., private_key=..., certs=..., apiv3_key=...)
            await merchants["1900000109"].client.v3.pay.transactions.native.post(json={...})

    Replacing or removing a merchant drops no call in flight: code that holds its client can go on using it.

    Args:
        on_webhook: called with the number and the webhook of each merchant that is put in, to register handlers.
        options: arguments of every merchant's `WeChatPay` and `Webhook`, such as `base_url`, `renewal` or `seen`. A
            `session` of the caller's own stays open; by default there is one that ends with the registry, as does one
            that a function makes.

    Raises:
        ConfigurationError: an argument is wrong.
        TypeError: an argument that no merchant takes.
    """

    @conceals_arguments
    def __init__(
        self, *, on_webhook: Callable[[str, Webhook], None] | None = None, **options: Unpack[SharedArguments]
    ) -> None:
        check_arguments("Merchants", options, MerchantArguments.__annotations__)
        check(_TAKES, on_webhook=on_webhook)
        check_shared(options)
        check_webhook(**options)
        session = options.get("session")
        self._session = session if isinstance(session, ClientSession) else None
        self._make_session = None if isinstance(session, ClientSession) else session
        self._owns_session = self._session is None
        self._on_webhook = on_webhook
        self._options = options
        self._merchants: dict[str, Merchant] = {}
        # Of merchants that were removed: clients that somebody still holds, and webhooks whose handlers may go on.
        self._removed_clients: WeakSet[WeChatPay] = WeakSet()
        self._removed_webhooks: list[Webhook] = []
        # Kept when a merchant is put in anew, so that what its former webhook handled isn't handled again.
        self._seen: dict[str, Seen] = {}

    @conceals_arguments
    def put(self, mchid: str, **arguments: Unpack[MerchantArguments]) -> Merchant:
        """Add a merchant, or replace the one of this number. If an argument is wrong, the old one stays.

        Notifications that its former webhook handled aren't handled again, unless another `seen` is given.

        Args:
            mchid: its number.
            arguments: further arguments of its `WeChatPay` and its `Webhook`; they win over those of the registry.

        Raises:
            ConfigurationError: an argument is wrong, or the registry wasn't entered with `async with`.
        """
        check_arguments("Merchants.put", arguments, MerchantArguments.__annotations__)
        if self._session is None:
            raise ConfigurationError("Merchants", "it was not entered", "Use it with `async with`, or give a session")
        if callable(arguments.get("session")):
            remedy = "Give it to Merchants, which closes the session, or give one that is made"
            raise ConfigurationError("session", "a function was given for one merchant", remedy)
        given: dict[str, Any] = {**self._options, "session": self._session, **arguments}
        of_webhook = {name: given.pop(name) for name in _OF_WEBHOOK & given.keys()}
        if of_webhook.get("seen") is None and of_webhook.get("inbox") is None:
            of_webhook["seen"] = self._seen.setdefault(mchid, MemorySeen())
        client = WeChatPay(mchid=mchid, **given)
        merchant = Merchant(client, _webhook(client.options, client.trust, of_webhook))
        if of_webhook.get("seen") is not None:
            self._seen[mchid] = of_webhook["seen"]
        if merchant.webhook is not None and self._on_webhook is not None:
            self._on_webhook(mchid, merchant.webhook)
        replaced = self._merchants.get(mchid)
        self._merchants[mchid] = merchant
        if replaced is not None:
            self._retire(replaced)
        return merchant

    def remove(self, mchid: str) -> None:
        """Remove a merchant; nothing happens if it isn't there."""
        merchant = self._merchants.pop(mchid, None)
        if merchant is not None:
            self._retire(merchant)

    def __getitem__(self, mchid: str) -> Merchant:
        return self._merchants[mchid]

    def __contains__(self, mchid: object) -> bool:
        return mchid in self._merchants

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._merchants))

    def __len__(self) -> int:
        return len(self._merchants)

    async def dispatch(self, headers: HeaderSource, body: bytes, *, mchid: str | None = None) -> Reply:
        """Pass a notification to its merchant's webhook; returns the reply.

        Args:
            headers: as for `Webhook.dispatch`.
            body: as for `Webhook.dispatch`.
            mchid: the merchant's number, if each merchant has its own URL; APIv2 needs that. Without it the merchant is
                found by the key that the notification names.
        """
        if mchid is not None:
            webhook, which = self._webhook_of(mchid), f"for {mchid!a}"
        else:
            try:
                headers = verifying_headers(headers)
            except (ConfigurationError, TrustError) as error:
                return _refuse(f"that names no key ({error})")
            serial = headers.get(SERIAL_HEADER, "")
            webhook = self._find(serial, headers, body)
            which = f"signed by {serial[:64]!a}" if serial else "that names no key, as none of APIv2 does,"
        return _refuse(which) if webhook is None else await webhook.dispatch(headers, body)

    async def aclose(self) -> None:
        """Remove all merchants, wait for their handlers and their calls, and close the connections.

        Those of merchants that were removed or replaced before are waited for, too. Cancelled meanwhile, it closes the
        connections at once.
        """
        for mchid in self:
            self.remove(mchid)
        webhooks, clients = tuple(self._removed_webhooks), tuple(self._removed_clients)
        try:
            await asyncio.gather(*(webhook.aclose() for webhook in webhooks))  # handlers may still make calls
            await asyncio.gather(*(client.aclose() for client in clients))
        finally:
            self._removed_webhooks.clear()
            if self._owns_session and self._session is not None:
                await self._session.close()
                self._session = None

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = new_session() if self._make_session is None else made(self._make_session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # Its connections, and its merchants with their keys, are shared.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a registry holds keys and connections and can't be pickled: make one in each process")

    def _retire(self, merchant: Merchant) -> None:
        """Leave a merchant that was removed to whoever holds it, and to its handlers that are still at work."""
        merchant.client.stop_renewing()
        self._removed_clients.add(merchant.client)
        self._removed_webhooks = [webhook for webhook in self._removed_webhooks if webhook.is_busy]
        if merchant.webhook is not None:
            self._removed_webhooks.append(merchant.webhook)

    def _webhook_of(self, mchid: str) -> Webhook | None:
        merchant = self._merchants.get(mchid)
        return merchant.webhook if merchant is not None else None

    def _find(self, serial: str, headers: HeaderSource, body: bytes) -> Webhook | None:
        found = [
            (merchant.webhook, signed_by)
            for merchant in self._merchants.values()
            if merchant.webhook is not None and (signed_by := _signed_by(merchant.client, serial)) is not None
        ]
        if len(found) == 1:
            return found[0][0]
        # If several merchants have the key, the APIv3 key that decrypts it shows whose it is; if they share that, too,
        # the number in it. A forged one is verified only once.
        refused: list[tuple[str, PublicKey]] = []
        for webhook, signed_by in found:
            if signed_by in refused:
                continue
            try:
                notification = webhook.open(headers, body)
            except SignatureError:
                refused.append(signed_by)
            except (ConfigurationError, TrustError):
                continue
            else:
                return self._named_in(notification.resource, headers, body) or webhook
        return None

    def _named_in(self, resource: Mapping[str, Any], headers: HeaderSource, body: bytes) -> Webhook | None:
        """The webhook of a merchant that is named in what another one's keys opened, if its own keys open it, too."""
        numbers = (resource.get(name) for name in _NUMBERS)
        for webhook in (self._webhook_of(number) for number in numbers if isinstance(number, str)):
            with suppress(ConfigurationError, TrustError):
                if webhook is not None:
                    webhook.open(headers, body)
                    return webhook
        return None


def _refuse(which: str) -> Reply:
    """Log that a notification has no merchant here, and return a reply that tells a stranger no more than that."""
    _log.warning("a notification %s has no merchant here. Put the merchant, or give mchid= by the URL", which)
    return Reply.failure("no such merchant", status=404)


def _signed_by(client: WeChatPay, serial: str) -> tuple[str, PublicKey] | None:
    """The scheme and the platform's key of this serial, if it is one of the merchant's, or of its brand's."""
    brand = client.options.brand
    if brand is not None and (key := brand.platform_keys.find(serial)) is not None:
        return "brand", key.public_key
    key = client.trust.keys.find(serial)
    return None if key is None else ("v3", key.public_key)


def _webhook(options: Options, trust: TrustStore, of_webhook: dict[str, Any]) -> Webhook | None:
    """The webhook of a merchant, with the keys of its client."""
    brand = None if options.brand is None or options.brand.api_key is None else options.brand
    if options.apiv3_key is None and options.apiv2_key is None and brand is None:
        return None
    return Webhook(
        apiv3_key=options.apiv3_key,
        certs=None if options.apiv3_key is None else trust,
        apiv2_key=options.apiv2_key,
        brand=brand,
        private_key=None if options.merchant is None else options.merchant.private_key,
        clock=options.clock,
        **of_webhook,
    )
