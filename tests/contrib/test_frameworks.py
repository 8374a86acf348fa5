"""The adapters in their real frameworks: each example program is started, and notifications are sent to its socket."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.notifications.sender import APIV3_KEY, Message, notify, public_key, stranger, webhook
from wechatpay_chain import Notification, Reply

EXAMPLES = Path(__file__).parents[2] / "examples"
PATH = "/wechatpay/notify"
PROGRAMS = {
    "aiohttp": "aiohttp",
    "fastapi": "fastapi",
    "django": "django",
    "flask": "flask",
    "litestar": "litestar",
    "sanic": "sanic",
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Program:
    """A running example."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process

    def post(self, message: Message) -> tuple[int, bytes, str]:
        """Send a notification as the platform does; status, body and type of the reply."""
        return post(self.port, message)

    def stop(self) -> str:
        """End it, and give what it printed."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.communicate(timeout=15)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0]


def post(port: int, message: Message) -> tuple[int, bytes, str]:
    """Send a notification; status, body and type of the reply."""
    headers, body = message
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Content-Type", "")
    finally:
        connection.close()


def cut_off(port: int, message: Message) -> None:
    """Send a part of a notification, and hang up."""
    headers, body = message
    lines = [f"POST {PATH} HTTP/1.1", "Host: shop", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + body[:100])
        time.sleep(0.2)  # the program reads the body by now


@contextmanager
def running(name: str) -> Iterator[Program]:
    """An example program that listens."""
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "WECHATPAY_APIV3_KEY": APIV3_KEY,
        "WECHATPAY_PUBLIC_KEY_ID": public_key().serial,
        "WECHATPAY_PUBLIC_KEY": public_key().public_pem,
        "PYTHONPATH": str(EXAMPLES.parent),
    }
    command = [sys.executable, str(EXAMPLES / f"notifications_{name}.py")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        try:
            yield Program(port, process)
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("name", PROGRAMS)
def test_demand_18_framework(name: str) -> None:
    """A notification is handled once, the reply is the platform's, forgeries and rewritten bodies are refused."""
    if importlib.util.find_spec(PROGRAMS[name]) is None:
        pytest.skip(f"{PROGRAMS[name]} is not installed")
    with running(name) as program:
        headers, body = message = notify()
        assert program.post(message) == (200, b'{"code":"SUCCESS","message":"OK"}', "application/json; charset=utf-8")
        assert program.post(message)[0] == 200
        assert program.post(notify(pair=stranger(), id="2"))[0] == 401
        assert program.post((headers, body.replace(b",", b", ")))[0] == 401
        assert program.post((headers, b""))[0] == 401
        assert program.post((headers, b"x" * 2_200_000))[0] in {400, 413}
        # As long as the platform's longest: the ciphertext has 1,048,576 characters.
        assert program.post(notify(id="3", resource={"out_trade_no": "A3", "attach": "x" * 786_300}))[0] == 200
        cut_off(program.port, message)
        assert program.post(message)[0] == 200
        printed = program.stop()
    assert (printed.count("paid: A1"), printed.count("paid: A3")) == (1, 1), printed
    assert "Traceback" not in printed


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass


class Urls:
    """Django's routes, which the tests set."""

    urlpatterns: tuple[Any, ...] = ()


@pytest.fixture
def django_urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Urls]]:
    """Django, with a database whose requests are transactions; a table `paid` is there."""
    django = pytest.importorskip("django")
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            ROOT_URLCONF=Urls,
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
            LOGGING_CONFIG=None,
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.sqlite3",
                    "NAME": str(tmp_path_factory.mktemp("django") / "db.sqlite3"),
                    "ATOMIC_REQUESTS": True,
                }
            },
        )
        django.setup()
    from django.db import connection
    from django.urls import clear_url_caches

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS paid (id TEXT)")
        cursor.execute("DELETE FROM paid")
    yield Urls
    connection.close()
    clear_url_caches()


def django_route(view: Any) -> tuple[Any, ...]:
    """The routes with one view."""
    from django.urls import path

    return (path(PATH.removeprefix("/"), view),)


def django_rows() -> list[str]:
    """The rows of the table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM paid ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_django_under_wsgi(django_urls: type[Urls]) -> None:
    """Django's synchronous view answers over a real WSGI server, without a CSRF token and for POST alone."""
    from django.core.wsgi import get_wsgi_application

    from wechatpay_chain.contrib.django import sync_view

    hook = webhook()
    calls: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        calls.append(notification.id)

    django_urls.urlpatterns = django_route(sync_view(hook))
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert [post(server.server_port, notify())[0] for _ in range(2)] == [200, 200]
            assert post(server.server_port, notify(pair=stranger()))[0] == 401
        finally:
            server.shutdown()
            thread.join()
    assert calls == ["EV-1"]


def test_django_handlers_are_within_the_requests_transaction(django_urls: type[Urls]) -> None:
    """A plain handler runs in the request's thread: what it wrote before it failed is undone, and then written once."""
    from django.db import connection
    from django.test import Client

    from wechatpay_chain.contrib.django import sync_view

    hook = webhook(deadline=0.01)
    seen: list[tuple[bool, bool]] = []
    replies: list[Any] = [None, Reply.failure("again"), ZeroDivisionError()]

    @hook.on("TRANSACTION.SUCCESS")
    def paid(notification: Notification[Any]) -> Any:
        seen.append((threading.current_thread() is threading.main_thread(), connection.in_atomic_block))
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO paid VALUES (%s)", [notification.id])
        time.sleep(0.02)  # the reply waits for it, whatever the deadline
        reply = replies.pop()
        if isinstance(reply, Exception):
            raise reply
        return reply

    django_urls.urlpatterns = django_route(sync_view(hook))
    headers, body = notify()
    rows: list[tuple[int, list[str]]] = []
    for _ in range(4):
        answer = Client().post(PATH, body, content_type="application/json", headers=headers)
        rows.append((answer.status_code, django_rows()))
    assert rows == [(500, []), (500, []), (200, ["EV-1"]), (200, ["EV-1"])]
    assert seen == [(True, True)] * 3


def test_django_notes_as_handled_what_is_committed(django_urls: type[Urls]) -> None:
    """What the database refuses to commit, or Django rolls back, has failed: it comes again, and is handled then."""
    from django.db import connection, transaction
    from django.test import Client

    from wechatpay_chain.contrib.django import sync_view

    hook = webhook()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY)")
        cursor.execute("CREATE TABLE lines (id TEXT REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED)")
    fates: list[Any] = [lambda: None, lambda: transaction.set_rollback(True), lambda: django_execute("lines")]

    def django_execute(table: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} VALUES ('EV-1')")

    @hook.on("TRANSACTION.SUCCESS")
    def paid(notification: Notification[Any]) -> None:
        django_execute("paid")
        fates.pop()()

    django_urls.urlpatterns = django_route(sync_view(hook))
    headers, body = notify()
    answers = []
    for _ in range(4):
        answer = Client().post(PATH, body, content_type="application/json", headers=headers)
        answers.append((answer.status_code, django_rows()))
    assert answers == [(500, []), (500, []), (200, ["EV-1"]), (200, ["EV-1"])]
    assert not fates


def test_django_test_cases_hold(django_urls: type[Urls]) -> None:
    """Within a `TestCase` a handler sees what the test wrote, and what it writes is gone with the test."""
    from django.db import connection
    from django.test import TestCase

    from wechatpay_chain.contrib.django import sync_view

    hook = webhook()
    found: list[list[str]] = []

    @hook.on("TRANSACTION.SUCCESS")
    def paid(notification: Notification[Any]) -> None:
        found.append(django_rows())
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO paid VALUES (%s)", [notification.id])

    django_urls.urlpatterns = django_route(sync_view(hook))

    class Case(TestCase):
        def runTest(self) -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO paid VALUES ('A')")
            headers, body = notify()
            answer = self.client.post(PATH, body, content_type="application/json", headers=headers)
            assert (answer.status_code, django_rows()) == (200, ["A", "EV-1"])

    result = unittest.TestResult()
    unittest.TestSuite([Case()]).run(result)
    assert not [*result.errors, *result.failures]
    assert found == [["A"]]
    assert django_rows() == []


async def test_starlette_reads_no_more_than_allowed() -> None:
    """An endless body is not collected: reading stops where no notification can be that long."""
    pytest.importorskip("starlette")
    from starlette.requests import Request

    from wechatpay_chain.contrib.starlette import endpoint

    chunks = 0

    async def receive() -> dict[str, Any]:
        nonlocal chunks
        chunks += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    response = await endpoint(webhook(max_body=10_000))(Request({"type": "http", "headers": []}, receive))
    assert (response.status_code, chunks) == (400, 11)


async def test_aiohttp_takes_what_a_middleware_has_read() -> None:
    """A middleware that reads the body, to log it for instance, leaves it to the webhook."""
    pytest.importorskip("aiohttp")
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    from wechatpay_chain.contrib import aiohttp as adapter

    hook = webhook()
    hook.on()(lambda notification: None)
    lengths: list[int] = []

    @web.middleware
    async def log(request: web.Request, handler: Any) -> web.StreamResponse:
        lengths.append(len(await request.read()))
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[log])
    app.router.add_post(PATH, adapter.handler(hook))
    async with TestClient(TestServer(app)) as client:
        headers, body = notify()
        async with client.post(PATH, data=body, headers=headers) as answer:
            assert (answer.status, lengths) == (200, [len(body)])
        async with client.post(PATH, data=b"") as answer:
            assert answer.status == 401
