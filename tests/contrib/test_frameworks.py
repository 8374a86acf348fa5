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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.notifications.sender import APIV3_KEY, Message, notify, public_key, stranger, webhook
from wechatpay_chain import Notification

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
        printed = program.stop()
    assert printed.count("paid: A1") == 1, printed
    assert "Traceback" not in printed


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass


def test_django_under_wsgi() -> None:
    """Django's synchronous view answers over a real WSGI server, without a CSRF token and for POST alone."""
    django = pytest.importorskip("django")
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    from wechatpay_chain.contrib.django import sync_view

    hook = webhook()
    calls: list[str] = []

    @hook.on("TRANSACTION.SUCCESS")
    async def paid(notification: Notification[Any]) -> None:
        calls.append(notification.id)

    class Urls:
        urlpatterns = (path(PATH.removeprefix("/"), sync_view(hook)),)

    settings.configure(
        ROOT_URLCONF=Urls,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        LOGGING_CONFIG=None,
    )
    django.setup()
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
