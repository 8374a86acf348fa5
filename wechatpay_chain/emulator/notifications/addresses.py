"""Where a notification goes: to this machine, to an app in this process, or where a mapping leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from .apps import App

_EXAMPLE = "https://shop.example=http://127.0.0.1:8000"


class Undeliverable(Exception):
    """A notification has nowhere to go; why is its text."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a notification goes.

    Attributes:
        url: what is called.
        app: what is called in this process, without a socket; None where it is a server.
    """

    url: str
    app: App | None = None


class Addresses:
    """Which `notify_url` leads where: to this machine as it is, elsewhere only by a mapping.

    Args:
        mapped: beginnings of URLs, and what stands in their place, another beginning or an ASGI or WSGI app, such as
            `{"https://shop.example": "http://127.0.0.1:8000"}`. The longest that fits is taken.

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
        """Lead a beginning of URLs elsewhere; one that is known is led there from now on.

        Raises:
            ConfigurationError: it, or what stands in its place, is no URL.
        """
        for url in (wanted, actual):
            if isinstance(url, str) and not _is_http(url):
                raise ConfigurationError(
                    "notify", f"{url!r} is no http or https URL", f"Give a pair such as {_EXAMPLE}"
                )
        self._mapped[wanted.rstrip("/")] = actual.rstrip("/") if isinstance(actual, str) else actual

    def resolve(self, notify_url: str) -> Destination:
        """Where a `notify_url` leads.

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
    """Whether a host is this machine, by the names that no resolver is asked for."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port finds what is none.
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
