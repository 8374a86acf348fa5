"""Who may use the control interface: programs on this machine, and the emulator's own pages; no page of another origin.

A web page that is open in a browser on this machine could call it, too: directly (CSRF), which the `Origin` header
reveals, or through a domain that resolves to this machine (DNS rebinding), which the `Host` header reveals.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from ...http.headers import Headers
from ..notifications.addresses import is_loopback

_READING = frozenset({"GET", "HEAD"})
_OWN_FETCHES = frozenset({"", "same-origin", "none"})


def objection(method: str, headers: Headers, allowed_hosts: Collection[str] = (), *, form: bool = False) -> str:
    """Why a request must be refused; empty if it may be served.

    Args:
        method: of the request.
        headers: its headers.
        allowed_hosts: names that the emulator may be called by, beside those of this machine.
        form: whether the path takes a form, which browsers let any page send to any site.
    """
    host = headers.get("Host", "")
    name = _name_of(host)
    if not is_loopback(name) and name not in allowed_hosts:
        return f"the Host {host!r} is not this machine: call it as 127.0.0.1 or localhost, or start it with --host"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return f"the page that asks for this comes from {origin}, and only the emulator's own may"
    if method in _READING:
        return ""
    if headers.get("Sec-Fetch-Site", "") not in _OWN_FETCHES:
        return "a page of another site asks for this, and only the emulator's own may"
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not form and content_type not in {"", "application/json"}:
        return f"the Content-Type is {content_type}: send application/json"
    return ""


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
