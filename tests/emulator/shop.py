"""A shop's address for notifications, on a port of its own, that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Shop:
    """What arrived, and what is answered: one status after the other, then the last again."""

    url: str = ""
    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b"")])
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    silent: threading.Event | None = None

    def answer(self, *statuses: int, body: bytes = b"") -> None:
        self.answers = [(status, body) for status in statuses]


class _Server(ThreadingHTTPServer):
    # Who connects while many do isn't left to try again.
    request_queue_size = 128


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop while it is open."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shop.received.append((dict(self.headers.items()), body))
            if shop.silent is not None:
                shop.silent.wait(10)
            status, content = shop.answers.pop(0) if len(shop.answers) > 1 else shop.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}/notify"
    try:
        yield shop
    finally:
        if shop.silent is not None:
            shop.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()
