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

    A body longer than the application's `client_max_size`, 1 MiB by default, is refused by aiohttp.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    async def receive(request: web.Request) -> web.Response:
        reply = await webhook.dispatch(request.headers, await request.read())
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    return receive
