"""`StoredNotification`: a verified notification, before or after it was handled."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models


class StoredNotification(models.Model):
    """A row of the inbox; its members are described at `notifications.inbox.Message` and `Record`."""

    key: models.CharField[str, str] = models.CharField(max_length=255, unique=True)
    number: models.CharField[str, str] = models.CharField(max_length=255)
    notification_id: models.CharField[str, str] = models.CharField(max_length=255)
    event_type: models.CharField[str, str] = models.CharField(max_length=128)
    original_type: models.CharField[str | None, str | None] = models.CharField(max_length=128, null=True)
    create_time: models.CharField[str, str] = models.CharField(max_length=64)
    resource_type: models.CharField[str, str] = models.CharField(max_length=64)
    summary: models.CharField[str, str] = models.CharField(max_length=255)
    headers: models.TextField[str, str] = models.TextField()
    body: models.BinaryField[bytes, bytes] = models.BinaryField()
    resource: models.BinaryField[bytes, bytes] = models.BinaryField()
    state: models.CharField[str, str] = models.CharField(max_length=16)
    tries: models.PositiveIntegerField[int, int] = models.PositiveIntegerField(default=0)
    token: models.CharField[str | None, str | None] = models.CharField(max_length=64, null=True)
    received: models.DateTimeField[Any, datetime] = models.DateTimeField()
    due: models.DateTimeField[Any, datetime] = models.DateTimeField()
    finished: models.DateTimeField[Any, datetime | None] = models.DateTimeField(null=True)
    error: models.CharField[str, str] = models.CharField(max_length=128, blank=True, default="")

    class Meta:
        """The first index serves claims, the second keeps the messages of one business number in order."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "due", "id"], name="wechatpay_inbox_due"),
            models.Index(fields=["number", "state", "id"], name="wechatpay_inbox_number_state"),
        ]
        verbose_name = "notification"

    def __str__(self) -> str:
        return f"{self.event_type} {self.number}"
