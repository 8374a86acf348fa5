"""The asyncio client for WeChat Pay (微信支付): any operation through one chain, signed, sealed and verified.

    async with WeChatPay(mchid=..., serial=..., private_key=..., certs=...) as wxpay:
        answer = await wxpay.v3.pay.transactions.native.post(json={...})

`SyncWeChatPay` is the same chain, blocking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__
from .errors import (
    APIError,
    BadRequest,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    DecryptionError,
    Forbidden,
    NotFound,
    Pending,
    RateLimited,
    ServerError,
    SignatureError,
    SignatureProbe,
    TimedOut,
    TransportError,
    TrustError,
    Unauthorized,
    WeChatPayError,
    WeChatPayWarning,
)

if TYPE_CHECKING:
    from .client.asynchronous import WeChatPay
    from .client.blocking import SyncWeChatPay
    from .client.chain import Chain
    from .http.request import Request
    from .http.response import Response
    from .http.secret import Secret
    from .notifications import Notification, Reply, Webhook
    from .pipeline import Handler, Middleware

__all__ = [
    "APIError",
    "BadRequest",
    "Chain",
    "ConfigurationError",
    "ConnectionFailed",
    "DecodeError",
    "DecryptionError",
    "Forbidden",
    "Handler",
    "Middleware",
    "NotFound",
    "Notification",
    "Pending",
    "RateLimited",
    "Reply",
    "Request",
    "Response",
    "Secret",
    "ServerError",
    "SignatureError",
    "SignatureProbe",
    "SyncWeChatPay",
    "TimedOut",
    "TransportError",
    "TrustError",
    "Unauthorized",
    "WeChatPay",
    "WeChatPayError",
    "WeChatPayWarning",
    "Webhook",
]

# Loaded on first use: a process that only receives notifications pays neither for aiohttp nor for what calls need.
_LAZY = {
    "Chain": "client.chain",
    "Handler": "pipeline",
    "Middleware": "pipeline",
    "Notification": "notifications",
    "Reply": "notifications",
    "Request": "http.request",
    "Response": "http.response",
    "Secret": "http.secret",
    "SyncWeChatPay": "client.blocking",
    "WeChatPay": "client.asynchronous",
    "Webhook": "notifications",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
