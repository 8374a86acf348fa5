"""The asyncio client for WeChat Pay (微信支付): any operation through one chain, signed, sealed and verified.

    async with WeChatPay(mchid=..., serial=..., private_key=..., certs=...) as wxpay:
        answer = await wxpay.v3.pay.transactions.native.post(json={...})

`SyncWeChatPay` is the same chain, blocking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy
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
    from .client.merchants import Merchants
    from .client.paging import paginate
    from .credentials.brand import Brand
    from .credentials.renewal import Renewal
    from .credentials.signer import Signer
    from .http.attachment import Attachment
    from .http.request import Request
    from .http.response import Response
    from .http.secret import Secret
    from .http.timeout import Timeout
    from .notifications import Notification, Reply, Webhook
    from .payments.certainty import until_certain
    from .payments.waiting import wait_for_payment
    from .pipeline import Handler, Middleware
    from .policies.ratelimit import RateLimits
    from .policies.retry import RetryPolicy

__all__ = [
    "APIError",
    "Attachment",
    "BadRequest",
    "Brand",
    "Chain",
    "ConfigurationError",
    "ConnectionFailed",
    "DecodeError",
    "DecryptionError",
    "Forbidden",
    "Handler",
    "Merchants",
    "Middleware",
    "NotFound",
    "Notification",
    "Pending",
    "RateLimited",
    "RateLimits",
    "Renewal",
    "Reply",
    "Request",
    "Response",
    "RetryPolicy",
    "Secret",
    "ServerError",
    "SignatureError",
    "SignatureProbe",
    "Signer",
    "SyncWeChatPay",
    "TimedOut",
    "Timeout",
    "TransportError",
    "TrustError",
    "Unauthorized",
    "WeChatPay",
    "WeChatPayError",
    "WeChatPayWarning",
    "Webhook",
    "paginate",
    "until_certain",
    "wait_for_payment",
]

# Loaded on first use: a process that only receives notifications pays neither for aiohttp nor for what calls need.
__getattr__, __dir__ = lazy(
    __name__,
    {
        "Attachment": "http.attachment",
        "Brand": "credentials.brand",
        "Chain": "client.chain",
        "Handler": "pipeline",
        "Merchants": "client.merchants",
        "Middleware": "pipeline",
        "Notification": "notifications",
        "RateLimits": "policies.ratelimit",
        "Renewal": "credentials.renewal",
        "Reply": "notifications",
        "Request": "http.request",
        "Response": "http.response",
        "RetryPolicy": "policies.retry",
        "Secret": "http.secret",
        "Signer": "credentials.signer",
        "SyncWeChatPay": "client.blocking",
        "Timeout": "http.timeout",
        "WeChatPay": "client.asynchronous",
        "Webhook": "notifications",
        "paginate": "client.paging",
        "until_certain": "payments.certainty",
        "wait_for_payment": "payments.waiting",
    },
)
