"""Where a notification is sent: to this machine, to an app in this process, or where a mapping says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from .apps import App

_EXAMPLE = "https://shop.example=http://127.0.0.1:8000"


class Undeliverable(Exception):
    """A notification can't be sent anywhere; the text says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a notification is sent.

    Attributes:
        url: the URL to call.
        app: the app in this process to call with it, without a socket; None to call a server.
    """

    url: str
    app: App | None = None


class Addresses:
    """Resolves `notify_url`s: those of this machine lead there, all others must be mapped.

    Args:
        mapped: prefixes of URLs, and for each the prefix to put in its place, or an ASGI or WSGI app, such as
            `{"https://shop.example": "http://127.0.0.1:8000"}`. The longest prefix that matches is taken.

    Raises:
        ConfigurationError: one of them is no URL.
    """

    def __init__(self, mapped: Mapping[str, str | App] | None = None) -> None:
        self._mapped: dict[str, str | App] = {}
        for wanted, actual in (mapped or {}).items():
            self.map(wanted, actual)

    def __iter__(self) -> object:
        return iter(dict(self._mapped).items())

    def map(self, wanted: str, actual: str | App) -> None:
        """Map a prefix of URLs; replaces an earlier mapping of the same prefix.

        Raises:
            ConfigurationError: one of the two is no URL.
        """
        for url in (wanted, actual):
            if isinstance(url, str) and not _is_http(url):
                raise ConfigurationError(
                    "notify", f"{url!r} is no http or https URL", f"Give a pair such as {_EXAMPLE}"
                )
        self._mapped[wanted.rstrip("/")] = actual.rstrip("/") if isinstance(actual, str) else actual

    def resolve(self, notify_url: str) -> Destination:
        """Find where a `notify_url` leads.

        Raises:
            Undeliverable: it isn't a URL, or leads out of this machine and isn't mapped.
        """
        for wanted in sorted(self._mapped, key=len, reverse=True):
            if notify_url == wanted or notify_url.startswith((f"{wanted}/", f"{wanted}?")):
                actual = self._mapped[wanted]
                if isinstance(actual, str):
                    return Destination(actual + notify_url[len(wanted) :])
                return Destination(notify_url, actual)
        if not notify_url:
            raise Undeliverable("there is no notify_url")
        if not _is_http(notify_url):
            raise Undeliverable(f"the notify_url {notify_url!r} is no http or https URL")
        host = urlsplit(notify_url).hostname or ""
        if not is_loopback(host):
            raise Undeliverable(f"{host} is not this machine, and nothing says where else to go: map it, as {_EXAMPLE}")
        return Destination(notify_url)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, judged by its name alone, without a resolver."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port raises an error if it is no number.
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
