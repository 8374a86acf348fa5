"""The configuration of the Django app."""

from __future__ import annotations

from django.apps import AppConfig


class WeChatPayConfig(AppConfig):
    """Notifications of WeChat Pay in this project's database."""

    name = "wechatpay_chain.contrib.django"
    label = "wechatpay"
    verbose_name = "WeChat Pay"
    default_auto_field = "django.db.models.BigAutoField"
