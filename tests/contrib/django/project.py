"""A Django project in one module: a shop that keeps notifications, run by `python -m tests.contrib.django.project`.

Its arguments are commands, separated by `+`. DATABASE_URL is the URL of its database, SHOP_FOLDER the folder with its
keys and with the notifications that are sent to it.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

ADMIN = "admin"
VIEWER = "viewer"


def database() -> dict[str, Any]:
    """The database of the environment, as Django's settings have it."""
    url = urlsplit(os.environ["DATABASE_URL"])
    if url.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path, "OPTIONS": {"timeout": 20}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": url.username,
        "PASSWORD": url.password or "",
        "HOST": unquote(url.netloc.partition("@")[2]),  # the folder of its socket
    }


settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests",
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    DATABASES={"default": {**database(), "ATOMIC_REQUESTS": os.environ.get("ATOMIC") == "1"}, "other": database()},
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "wechatpay_chain.contrib.django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    WECHATPAY_INBOX=f"{__name__}.inbox",
    WECHATPAY_WEBHOOK=f"{__name__}.webhook",
)
if __name__ == "__main__":
    sys.modules["tests.contrib.django.project"] = sys.modules[__name__]
    settings.ROOT_URLCONF = "tests.contrib.django.project"
    settings.WECHATPAY_INBOX, settings.WECHATPAY_WEBHOOK = (
        f"tests.contrib.django.project.{name}" for name in ("inbox", "webhook")
    )
django.setup()

from django.contrib import admin  # noqa: E402 - only after the setup
from django.contrib.auth.models import Permission, User  # noqa: E402 - the same
from django.core.management import call_command, execute_from_command_line  # noqa: E402 - the same
from django.db import IntegrityError, connection, connections, models  # noqa: E402 - the same
from django.test import Client  # noqa: E402 - the same
from django.urls import path  # noqa: E402 - the same

from wechatpay_chain import Notification, Webhook  # noqa: E402 - the same
from wechatpay_chain.contrib.django import sync_view  # noqa: E402 - the same
from wechatpay_chain.contrib.django.inbox import DjangoInbox, Worker  # noqa: E402 - the same
from wechatpay_chain.notifications.inbox import Patience  # noqa: E402 - the same
from wechatpay_chain.policies.backoff import Backoff  # noqa: E402 - the same


class Effect(models.Model):
    """What a handler does: a row, which a second one would stand beside."""

    number: models.CharField[str, str] = models.CharField(max_length=64)

    class Meta:
        """In no app."""

        app_label = "shop"


class TimeoutOfItsOwn(BaseException):
    """What a library raises that doesn't want to be caught by `except Exception`, as gevent's Timeout."""


FOLDER = Path(os.environ["SHOP_FOLDER"])
inbox = DjangoInbox(seal_key=b"k" * 32, patience=Patience(Backoff(0.01, 0.01, 0), most=3))
webhook = Webhook(
    apiv3_key=(FOLDER / "apiv3_key").read_text(),
    certs={(FOLDER / "serial").read_text(): FOLDER / "public_key.pem"},
    inbox=inbox,
)
urlpatterns = [path("notify", sync_view(webhook)), path("admin/", admin.site.urls)]


@webhook.on("TRANSACTION.SUCCESS", "transaction")
def paid(notification: Notification[Any]) -> None:
    """Write the effect, then fail where the test says so."""
    number = notification.resource["out_trade_no"]
    effect = Effect.objects.create(number=number)
    if number.startswith("FAIL"):
        raise ZeroDivisionError
    if number.startswith("BASE"):
        raise TimeoutOfItsOwn
    if number.startswith("CAUGHT"):
        try:
            Effect.objects.create(pk=effect.pk, number=number)
        except IntegrityError:
            print("caught")
    if number.startswith("OTHER"):
        other = connections["other"]
        if not (FOLDER / "lost").exists():
            (FOLDER / "lost").touch()
            other.ensure_connection()
            other.connection.close()  # as a server does that is restarted
        Effect.objects.using("other").filter(number=number).count()
    if number.startswith("KILL") and not (FOLDER / "killed").exists():
        (FOLDER / "killed").touch()
        os.kill(os.getpid(), 9)


def make_tables() -> None:
    """Make all tables, by the migrations and for the effects."""
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)  # a second time changes nothing
    with connection.schema_editor() as editor:
        editor.create_model(Effect)
    User.objects.create_superuser(ADMIN, password=ADMIN)
    viewer = User.objects.create_user(VIEWER, password=VIEWER, is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_storednotification"))


def send(names: list[str]) -> None:
    """Send notifications that lie in files, and print what is answered."""
    client = Client()
    for name in names:
        headers = dict(line.split(": ", 1) for line in (FOLDER / f"{name}.headers").read_text().splitlines())
        body = (FOLDER / f"{name}.body").read_bytes()
        print(client.post("/notify", body, content_type="application/json", headers=headers).status_code)


def browse() -> None:
    """Look at the admin page, and press its buttons."""
    client = Client()
    client.force_login(User.objects.get(username=ADMIN))
    listed = client.get("/admin/wechatpay/storednotification/?state=dead").content.decode()
    dead = inbox.rows.get(state="dead")
    shown = client.get(f"/admin/wechatpay/storednotification/{dead.pk}/change/").content.decode()
    print("listed", dead.number in listed, "masked", "***" in shown and "oUpF8uMuAJO" not in shown)
    for name, actions in ((VIEWER, ["forget", "handle_again"]), (ADMIN, ["handle_again"])):
        client.force_login(User.objects.get(username=name))
        for action in actions:
            client.post("/admin/wechatpay/storednotification/", {"action": action, "_selected_action": [dead.pk]})
        print(name, "state", inbox.rows.get(pk=dead.pk).state)


class Looks(DjangoInbox):
    """An inbox in which nothing is due; the third look stops its worker."""

    def __init__(self) -> None:
        super().__init__()
        self.worker = Worker(self, webhook, poll=0.001)
        self._left = 3

    def claim(self) -> None:
        """Nothing."""
        self._left -= 1
        if not self._left:
            self.worker.stop()


def interrupt() -> None:
    """Stop a worker before each line that it executes, one line after the other, as a signal handler would."""
    faulthandler.dump_traceback_later(60, exit=True)
    turn, is_over = 0, False
    while not is_over:
        turn += 1
        is_over = not stopped_at(turn)
    print(f"stopped at {turn - 1} lines")


def stopped_at(line: int) -> bool:
    """Have a worker run, and stop it before a line; whether it came to so many lines."""
    worker = Looks().worker
    left = line

    def trace(_frame: object, event: str, _argument: object) -> Any:
        nonlocal left
        left -= event == "line"
        if left:
            return trace
        worker.stop()
        sys.settrace(None)
        return None

    sys.settrace(trace)
    worker.run()
    sys.settrace(None)
    return left <= 0


def main(action: str, *words: str) -> None:
    """Do one thing."""
    match action:
        case "make":
            make_tables()
        case "send":
            send(list(words))
        case "browse":
            browse()
        case "interrupt":
            interrupt()
        case "pause":
            time.sleep(0.05)
        case "effects":
            print(sorted(Effect.objects.values_list("number", flat=True)))
        case _:
            execute_from_command_line(["manage.py", action, *words])


if __name__ == "__main__":
    for words in " ".join(sys.argv[1:]).split(" + "):
        main(*words.split(" "))
