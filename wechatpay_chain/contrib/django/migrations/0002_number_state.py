"""The index by which claims find what else of a number waits, however many of it are handled."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Puts the state into the index of numbers."""

    dependencies: ClassVar = [("wechatpay", "0001_initial")]
    operations: ClassVar = [
        migrations.AddIndex(
            model_name="storednotification",
            index=models.Index(fields=["number", "state", "id"], name="wechatpay_inbox_number_state"),
        ),
        migrations.RemoveIndex(model_name="storednotification", name="wechatpay_inbox_number"),
    ]
