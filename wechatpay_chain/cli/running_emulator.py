"""Finds a running emulator by its folder, and calls its control interface, for the commands."""

from __future__ import annotations

import argparse
import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from ..emulator import folder as folders
from ..errors import ConfigurationError
from .exits import Exit
from .output import show_json
from .terminal import show_error

FLAWS_HELP = "altered after signing, a probe (signed wrongly on purpose), stale by ten minutes, or unsigned"

_TIMEOUT = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to find the emulator."""
    parser.add_argument(
        "--folder", type=Path, default=folders.DEFAULT, help=f"the folder of the emulator ({folders.DEFAULT})"
    )
    parser.add_argument("--url", help="where it listens, instead of its folder: http://127.0.0.1:8080")


def ask(options: argparse.Namespace, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Call the control interface, and return HTTP status and JSON values.

    Raises:
        ConfigurationError: no emulator is running there.
    """
    base_url: str = options.url or folders.find_running(options.folder)
    host, port = _place_of(base_url)
    try:
        content = None if body is None else orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise ConfigurationError("body", f"a value can't be sent ({error})", "Give a smaller number") from None
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request(
            method, f"/_emulator{path}", content, {"Content-Type": "application/json"} if content else {}
        )
        answer = connection.getresponse()
        return answer.status, orjson.loads(answer.read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        raise ConfigurationError(
            "emulator", f"nothing that is one answers at {base_url} ({type(error).__name__})", "Start it"
        ) from error
    finally:
        connection.close()


def _place_of(base_url: str) -> tuple[str, int | None]:
    """Host and port of an `http` URL."""
    error = ConfigurationError("--url", f"{base_url!r} was found", "Give the emulator's http URL")
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port above 65535, or half of an IPv6 address
        raise error from None
    if parts.scheme != "http" or not host:
        raise error
    return host, port


def show(answer: tuple[int, Any]) -> int:
    """Print an answer, and return the exit code."""
    status, value = answer
    if status >= 400:
        show_error(str(value["message"]))
        return Exit.REFUSED if status in {404, 409} else Exit.USAGE
    show_json(value)
    return Exit.DONE
