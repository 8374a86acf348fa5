"""Notifications in Litestar.

app = Litestar([handler(webhook, "/wechatpay/notify")])
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from ..notifications import Webhook
from ..notifications.arguments import check_receiver


def handler(webhook: Webhook, path: str) -> HTTPRouteHandler:
    """The route handler of a webhook. A body longer than `request_max_body_size` is refused by Litestar.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    @post(path)
    async def wechatpay_notify(request: Request[Any, Any, Any]) -> Response[bytes]:
        reply = await webhook.dispatch(request.scope["headers"], await request.body())
        return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))

    return wechatpay_notify
