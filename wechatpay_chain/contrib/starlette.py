"""Notifications in Starlette and FastAPI.

Route("/wechatpay/notify", endpoint(webhook), methods=["POST"])   # Starlette
app.add_route("/wechatpay/notify", endpoint(webhook), ["POST"])   # FastAPI
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..notifications import Webhook
from ..notifications.arguments import check_receiver


def endpoint(webhook: Webhook) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The endpoint of a webhook. No more of a body is read than a notification may have.

    A body that is cut off is answered 400.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    async def receive(request: Request) -> Response:
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > webhook.max_body:
                    break  # the webhook refuses what is too long
        except ClientDisconnect:
            return Response(status_code=400)
        reply = await webhook.dispatch(request.scope["headers"], bytes(body))
        return Response(reply.body, reply.status, reply.headers)

    return receive
