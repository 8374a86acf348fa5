"""The table of stored notifications."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the table."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="StoredNotification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255, unique=True)),
                ("number", models.CharField(max_length=255)),
                ("notification_id", models.CharField(max_length=255)),
                ("event_type", models.CharField(max_length=128)),
                ("original_type", models.CharField(max_length=128, null=True)),
                ("create_time", models.CharField(max_length=64)),
                ("resource_type", models.CharField(max_length=64)),
                ("summary", models.CharField(max_length=255)),
                ("headers", models.TextField()),
                ("body", models.BinaryField()),
                ("resource", models.BinaryField()),
                ("state", models.CharField(max_length=16)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("token", models.CharField(max_length=64, null=True)),
                ("received", models.DateTimeField()),
                ("due", models.DateTimeField()),
                ("finished", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, default="", max_length=128)),
            ],
            options={
                "verbose_name": "notification",
                "indexes": [
                    models.Index(fields=["state", "due", "id"], name="wechatpay_inbox_due"),
                    models.Index(fields=["number", "id"], name="wechatpay_inbox_number"),
                ],
            },
        ),
    ]
