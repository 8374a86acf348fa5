"""Notifications in Flask.

app.post("/wechatpay/notify")(view(webhook))
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from ..notifications import Webhook
from ..notifications.arguments import check_receiver


def view(webhook: Webhook) -> Callable[[], Response]:
    """The view of a webhook. Handlers see the application context; a body that is too long is refused by Flask.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    def wechatpay_notify() -> Response:
        request.max_content_length = webhook.max_body
        reply = webhook.dispatch_sync(request.headers, request.get_data())
        return Response(reply.body, reply.status, dict(reply.headers))

    return wechatpay_notify
