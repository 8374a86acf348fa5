"""Notifications in Sanic.

app.add_route(handler(webhook), "/wechatpay/notify", methods=["POST"])
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from sanic import HTTPResponse, Request

from ..notifications import Webhook
from ..notifications.arguments import check_receiver


def handler(webhook: Webhook) -> Callable[[Request[Any, Any]], Coroutine[Any, Any, HTTPResponse]]:
    """The handler of a webhook. Sanic reads bodies up to `REQUEST_MAX_SIZE`; what is too long is refused here.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    async def wechatpay_notify(request: Request[Any, Any]) -> HTTPResponse:
        reply = await webhook.dispatch(request.headers, request.body)
        return HTTPResponse(reply.body, reply.status, dict(reply.headers))

    return wechatpay_notify
