"""TLS to the platform, and what sits in between."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.notifications import sender
from wechatpay_chain.cli.checkup import network


@contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """A server whose certificate nobody trusts, as a proxy that opens connections has one; its port."""
    pair = sender.certificate()
    (folder / "pair.pem").write_text(pair.private_pem + pair.public_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "pair.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_tls_interception(tmp_path: Path) -> None:
    """A certificate that isn't trusted is told with its issuer, and what may have put it there."""
    with tls_server(tmp_path) as port:
        checks = list(network.checks(f"https://127.0.0.1:{port}", timeout=5))
    found = next(check for check in checks if check.name.startswith("TLS"))
    assert found.result == "wrong"
    assert "issued by CN=Emulated authority" in found.found
    assert "TLS interception" in found.causes[0]


def test_no_tls_at_all() -> None:
    """A server that doesn't speak TLS is told as that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):  # one connection to see whether there is a way, one for TLS
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    connection.recv(1000)

        thread = threading.Thread(target=answer)
        thread.start()
        port = listening.getsockname()[1]
        checks = list(network.checks(f"https://127.0.0.1:{port}", timeout=5))
        thread.join()
    assert next(check for check in checks if check.name.startswith("TLS")).result == "wrong"
