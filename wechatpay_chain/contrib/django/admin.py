"""The admin page: which notifications came, their states, and handling them again. Personal data is masked.

Users who may view notifications see them; users who may change them can also run the actions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ...errors import WeChatPayError
from ...notifications.inbox import State, masked
from .inbox import DjangoInbox
from .models import StoredNotification

if TYPE_CHECKING:
    Base = admin.ModelAdmin[StoredNotification]
else:
    Base = admin.ModelAdmin  # at run time the class takes no type parameters


@admin.register(StoredNotification)
class StoredNotificationAdmin(Base):
    """Notifications, the newest first; nothing about them can be edited."""

    list_display = ("number", "event_type", "state", "tries", "received", "due", "error")
    list_filter = ("state", "event_type")
    search_fields = ("number", "key", "notification_id")
    ordering = ("-id",)
    actions = ("handle_again", "forget")
    fields = readonly_fields = (
        "number",
        "event_type",
        "original_type",
        "summary",
        "state",
        "tries",
        "received",
        "due",
        "finished",
        "error",
        "key",
        "create_time",
        "masked_resource",
    )

    @admin.display(description="resource")
    def masked_resource(self, row: StoredNotification) -> str:
        """The resource's numbers, times, states and amounts; what may be personal data is left out."""
        if row.state == State.FORGOTTEN.value:
            return "erased"
        try:
            resource = inbox_of_settings().message(row).resource
        except WeChatPayError as error:
            return str(error)
        return json.dumps(masked(resource), ensure_ascii=False, indent=2)

    @admin.action(description="Handle again", permissions=["change"])
    def handle_again(self, request: HttpRequest, chosen: QuerySet[StoredNotification]) -> None:
        """Have the chosen notifications that are dead or waiting handled again."""
        count = inbox_of_settings().retry(list(chosen.values_list("key", flat=True)))
        self.message_user(request, f"{count} will be handled again", messages.SUCCESS)

    @admin.action(description="Erase content", permissions=["change"])
    def forget(self, request: HttpRequest, chosen: QuerySet[StoredNotification]) -> None:
        """Erase the content of all finished notifications that have the business number of a chosen one."""
        inbox = inbox_of_settings()
        count = sum(inbox.forget(number) for number in set(chosen.values_list("number", flat=True)))
        self.message_user(request, f"{count} were erased", messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Only the platform makes notifications."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - the same
        """A deleted one would be handled again when the platform repeats it."""
        return False


def inbox_of_settings() -> DjangoInbox:
    """The inbox that `settings.WECHATPAY_INBOX` names, such as "shop.notifications.inbox"; without it, a plain one."""
    name: str = getattr(settings, "WECHATPAY_INBOX", "")
    return import_string(name) if name else DjangoInbox()
