"""Receiving notifications: verified, decrypted, and passed to their handlers, without a client or the network.

    webhook = Webhook(apiv3_key=..., certs={"PUB_KEY_ID_...": Path("pub_key.pem")})
    notification = webhook.open(headers, body)

`contrib` has an adapter for each web framework; `kinds` has the kinds of notifications, with the types of their
resources.
"""

from __future__ import annotations

from .headers import HeaderSource
from .notification import Notification, Reply
from .router import Kind, Late
from .seen import Claim, MemorySeen, RenewableSeen, Seen
from .signing import AuthorizationSigner, ReplySigner
from .webhook import Webhook

__all__ = [
    "AuthorizationSigner",
    "Claim",
    "HeaderSource",
    "Kind",
    "Late",
    "MemorySeen",
    "Notification",
    "RenewableSeen",
    "Reply",
    "ReplySigner",
    "Seen",
    "Webhook",
]
