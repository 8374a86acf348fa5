"""Notifications in Django.

urlpatterns = [path("wechatpay/notify", view(webhook))]        # under ASGI
urlpatterns = [path("wechatpay/notify", sync_view(webhook))]   # under WSGI

Under WSGI a handler that is a plain function runs in the thread of the request, within its transaction. Under ASGI it
runs in another thread; give `sync_to_async(function)` for one that uses the database, so that Django looks after its
connections.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...notifications import Reply, Webhook
from ...notifications.arguments import check_receiver

# The platform sends the notification again: nothing of it was kept.
_FAILED = 500


def view(webhook: Webhook) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]:
    """The view of a webhook, for a project under ASGI.

    A body longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`, 2.5 MiB by default, is refused by Django.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    @csrf_exempt
    @require_POST
    async def receive(request: HttpRequest) -> HttpResponse:
        return _response(await webhook.dispatch(request.headers, request.body))

    return receive


def sync_view(webhook: Webhook) -> Callable[[HttpRequest], HttpResponse]:
    """The view of a webhook, for a project under WSGI, where Django ends each request's event loop with it.

    Handlers that are plain functions run in the thread of the request, so that `ATOMIC_REQUESTS`, `TestCase` and the
    request's connections hold. The reply waits for them. With `ATOMIC_REQUESTS`, what a handler wrote before it failed
    is rolled back.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    @csrf_exempt
    @require_POST
    def receive(request: HttpRequest) -> HttpResponse:
        reply = webhook.dispatch_sync(request.headers, request.body, in_calling_thread=True)
        if reply.status >= _FAILED:
            _roll_back()
        return _response(reply)

    return receive


def _roll_back() -> None:
    """Undo what the request wrote: the handler's exception became a reply, so Django would commit."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict.get("ATOMIC_REQUESTS") and connection.in_atomic_block:
            connection.set_rollback(True)


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
