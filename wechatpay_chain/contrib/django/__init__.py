"""Notifications in Django: views of a webhook, and an app that keeps notifications in the project's own database.

    urlpatterns = [path("wechatpay/notify", view(webhook))]        # under ASGI
    urlpatterns = [path("wechatpay/notify", sync_view(webhook))]   # under WSGI

The app is `INSTALLED_APPS = [..., "wechatpay_chain.contrib.django"]`; its inbox is in `contrib.django.inbox`.
"""

from __future__ import annotations

from .views import sync_view, view

__all__ = ["sync_view", "view"]
