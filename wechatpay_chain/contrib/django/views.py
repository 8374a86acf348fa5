"""Notifications in Django.

urlpatterns = [path("wechatpay/notify", view(webhook))]        # under ASGI
urlpatterns = [path("wechatpay/notify", sync_view(webhook))]   # under WSGI

Under WSGI a handler that is a plain function runs in the thread of the request, in a transaction if `ATOMIC_REQUESTS`
says so. Under ASGI it runs in another thread; give `sync_to_async(function)` for one that uses the database, so that
Django looks after its connections.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...notifications import Reply, Webhook
from ...notifications.arguments import check_receiver
from .transactions import whole


def view(webhook: Webhook) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]:
    """The view of a webhook, for a project under ASGI.

    A body longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`, 2.5 MiB by default, is refused by Django. With `ATOMIC_REQUESTS`
    Django refuses any asynchronous view: give `transaction.non_atomic_requests(view(webhook))`.

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

    Handlers that are plain functions run in the thread of the request, so that `TestCase` and the request's
    connections work. The reply waits for them. With `ATOMIC_REQUESTS`, each runs in a transaction of its own, in place
    of the request's: what it wrote is committed before its notification counts as handled, and rolled back if it
    failed.

    Raises:
        ConfigurationError: it is no webhook.
    """
    check_receiver(webhook)

    @csrf_exempt
    @require_POST
    def receive(request: HttpRequest) -> HttpResponse:
        return _response(
            webhook.dispatch_sync(request.headers, request.body, in_calling_thread=True, around=_in_transactions)
        )

    for alias in connections:
        receive = transaction.non_atomic_requests(using=alias)(receive)
    return receive


class _RefusedError(Exception):
    """A handler replied that it had failed."""


def _in_transactions(handle: Callable[[], Any]) -> Any:
    """What a handler returns, once what it wrote is committed, or rolled back if it replied with a failure."""
    answer = None
    try:
        with ExitStack() as stack:
            for alias, database in connections.settings.items():
                if database["ATOMIC_REQUESTS"]:
                    stack.enter_context(whole(alias))
            answer = handle()
            if isinstance(answer, Reply) and not answer.ok:
                raise _RefusedError
    except _RefusedError:
        pass
    return answer


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
