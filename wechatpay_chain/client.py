"""`WeChatPay`: the chain, the pipeline and the network, put together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from . import catalogue
from .chain import Chain, Node
from .credentials import Credentials, Signer
from .crypto.keys import PrivateKeySource, PublicKeySource
from .errors import ConfigurationError, WeChatPayError
from .hints import note_unknown, warn_deprecated
from .message import Request, Response
from .middleware import standard
from .pipeline import Handler, Middleware, compose
from .transport import DEFAULT_BASE_URL, DEFAULT_TIMEOUT, AiohttpTransport, ClientSession
from .wire.refusal import api_error, is_refusal


class WeChatPay(Node[Coroutine[Any, Any, Response[Any]]]):
    """The asyncio client of one merchant.

        async with WeChatPay(mchid, serial, Path("apiclient_key.pem"), {"PUB_KEY_ID_...": Path("key.pem")}) as wxpay:
            answer = await wxpay.v3.pay.transactions.native.post(json={...})

    Args:
        mchid: merchant number, digits.
        serial: serial number of the merchant API certificate, 40 hexadecimal digits.
        private_key: its private key: a path, PEM or DER in any form, PKCS#12, a loaded key, or a `Signer`.
        certs: certificate serial or `PUB_KEY_ID_...` -> platform certificate or WeChat Pay public key, in any form.
        apiv3_key: the 32 characters that decrypt notifications and downloaded certificates.
        apiv2_key: the 32 characters that sign APIv2 calls.
        merchant_cert: the merchant API certificate; checked against `serial` and `private_key`.
        base_url: scheme and host; a test server, a reverse proxy, or one of the platform's other hosts.
        timeout: seconds for a whole call.
        session: an aiohttp session of the caller's own; it stays open.
        transport: a `Handler` in place of the network; `base_url`, `timeout` and `session` are then not used.
        middlewares: the steps of a call, in place of `wechatpay_chain.middleware.standard(...)`.
        validate: whether to check payloads against the catalogue before anything is sent; the platform decides anyway.
        clock: gives Unix time in seconds.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    def __init__(
        self,
        mchid: str,
        serial: str,
        private_key: PrivateKeySource | Signer,
        certs: Mapping[str, PublicKeySource] | None = None,
        *,
        apiv3_key: str | bytes | None = None,
        apiv2_key: str | None = None,
        merchant_cert: PublicKeySource | None = None,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        session: ClientSession | None = None,
        transport: Handler | None = None,
        middlewares: Sequence[Middleware] | None = None,
        validate: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        credentials = Credentials.load(
            mchid,
            serial,
            private_key,
            certs,
            apiv3_key=apiv3_key,
            apiv2_key=apiv2_key,
            merchant_cert=merchant_cert,
        )
        self._mchid = credentials.mchid
        self._network = AiohttpTransport(base_url, timeout=timeout, session=session)
        self._handler = compose(
            standard(credentials, clock=clock, validate=validate) if middlewares is None else middlewares,
            self._network if transport is None else transport,
        )
        self._path = ""
        self._send = self.send

    @classmethod
    def from_env(cls, prefix: str = "WECHATPAY_", **options: Any) -> Self:
        """A client from environment variables.

        `MCHID`, `SERIAL`, `PRIVATE_KEY` (path or PEM), `PUBLIC_KEY` (path or PEM) with `PUBLIC_KEY_ID`; optional
        `APIV3_KEY`, `APIV2_KEY`, `BASE_URL`; each with the prefix.

        Args:
            prefix: what the names of the variables start with.
            options: further arguments of the class; they win over the environment.

        Raises:
            ConfigurationError: a variable is missing, or its value is wrong.
        """
        return cls(**{**environment(prefix), **options})

    def chain(self, path: str) -> Chain[Coroutine[Any, Any, Response[Any]]]:
        """The chain of a path that is taken literally: `wxpay.chain("v3/pay/transactions/id/{transaction_id}")`.

        Raises:
            ConfigurationError: the path holds `..`, `?`, `#`, blanks or other characters that no path may hold.
        """
        return self[path]

    async def send(self, request: Request) -> Response[Any]:
        """Send a request that was made by hand; the verbs of the chain end here too.

        Raises:
            ConfigurationError: something is wrong with it; nothing was sent.
            TransportError: no complete answer came.
            TrustError: the answer must not be believed.
            APIError: the platform refused.
        """
        operation = catalogue.find(request.method, request.template)
        if operation is not None and operation.deprecated:
            warn_deprecated(operation)
        try:
            response = await self._handler(request)
        except WeChatPayError as error:
            error.request = request.line
            error.attempts = 0 if isinstance(error, ConfigurationError) else 1
            raise
        if is_refusal(response):
            refusal = api_error(response, accepted_on_429=bool(operation and operation.accepted_on_429))
            refusal.attempts = 1
            note_unknown(refusal, request)
            raise refusal
        return response

    async def aclose(self) -> None:
        """Close the connections. A client that is closed makes no more calls."""
        await self._network.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} mchid={self._mchid}>"


def environment(prefix: str) -> dict[str, Any]:
    """The arguments of a client, from environment variables that start with `prefix`.

    Raises:
        ConfigurationError: a variable is missing.
    """
    arguments: dict[str, Any] = {name: _required(prefix + name.upper()) for name in ("mchid", "serial", "private_key")}
    arguments["certs"] = {_required(prefix + "PUBLIC_KEY_ID"): _required(prefix + "PUBLIC_KEY")}
    for name in ("apiv3_key", "apiv2_key", "base_url"):
        if value := os.environ.get(prefix + name.upper()):
            arguments[name] = value
    return arguments


def _required(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(variable, "the environment variable is not set", "Set it, or give the argument itself")
    return value
