"""Notifications in Django.

urlpatterns = [path("wechatpay/notify", view(webhook))]        # under ASGI
urlpatterns = [path("wechatpay/notify", sync_view(webhook))]   # under WSGI

A handler that is a plain function runs in a thread; give `sync_to_async(function)` for one that uses the database, so
that Django looks after its connections.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ..notifications import Reply, Webhook


def view(webhook: Webhook) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]:
    """The view of a webhook, for a project under ASGI.

    A body longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`, 2.5 MiB by default, is refused by Django.
    """

    @csrf_exempt
    @require_POST
    async def receive(request: HttpRequest) -> HttpResponse:
        return _response(await webhook.dispatch(request.headers, request.body))

    return receive


def sync_view(webhook: Webhook) -> Callable[[HttpRequest], HttpResponse]:
    """The view of a webhook, for a project under WSGI, where Django ends each request's event loop with it."""

    @csrf_exempt
    @require_POST
    def receive(request: HttpRequest) -> HttpResponse:
        return _response(webhook.dispatch_sync(request.headers, request.body))

    return receive


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
