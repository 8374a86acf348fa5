"""Notifications in aiohttp.web.

app.router.add_post("/wechatpay/notify", handler(webhook))
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from ..notifications import Webhook
from ..notifications.arguments import check_receiver


def handler(webhook: Webhook) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
    """The request handler of a webhook.

    A body is read up to the webhook's `max_body`, whatever the application's `client_max_size`: its default, 1 MiB, is
    less than a notification may have. A body that is cut off, or can't be unpacked, is answered 400.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    async def receive(request: web.Request) -> web.Response:
        if not request.content.at_eof():  # as when a middleware has read it, which aiohttp keeps
            request = request.clone(client_max_size=webhook.max_body)
        try:
            body = await request.read()
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400)
        reply = await webhook.dispatch(request.headers, body)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    return receive
