"""Checks of the network up to the platform: proxies, names, connections, TLS, and the clock of the server."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from cryptography import x509

from ...errors import ConfigurationError
from ...wire.hosts import check_base_url, twins
from ..checks import Check, Result, failed
from . import clock

_PROXIES = ("https_proxy", "http_proxy", "all_proxy")
_SCHEMES = frozenset({"http", "https"})
_INTERCEPTED = (
    "A proxy or a virus scanner opens this machine's connections (TLS interception): have it let this host pass, or "
    "add its authority to those that are trusted here"
)
_LATENCY = 2.0


def checks(base_url: str, *, timeout: float) -> Iterator[Check]:
    """All checks of the network, one by one.

    Args:
        base_url: where calls go.
        timeout: seconds for each connection.
    """
    try:
        main = urlsplit(check_base_url(base_url, "base_url"))
    except ConfigurationError as error:
        yield failed("base_url", error)
        return
    yield from proxies(os.environ)
    for url in (main, *map(urlsplit, twins(base_url)[:1])):
        yield from _host(url, timeout)


def proxies(variables: Mapping[str, str]) -> Iterator[Check]:
    """The proxy variables: the client doesn't follow them by itself, other programs on this machine do."""
    for name in _PROXIES:
        value = variables.get(name) or variables.get(name.upper())
        if not value:
            continue
        url = urlsplit(value if "://" in value else f"//{value}")
        shown = f"{name}={url.scheme + '://' if url.scheme else ''}{url.hostname or '?'}:{_port(url) or '?'}"
        if url.scheme in _SCHEMES and url.hostname:
            causes = ("Calls go out directly; give session=lambda: ClientSession(trust_env=True) to go through it",)
            yield Check(name="proxy", result="warning", found=shown, causes=causes)
        elif url.scheme:
            causes = ("Write http://host:port; a SOCKS proxy needs a connector of its own, aiohttp-socks",)
            yield Check(name="proxy", result="wrong", found=f"{shown} has a scheme that isn't http", causes=causes)
        else:
            causes = ("Write it as http://host:port",)
            yield Check(name="proxy", result="wrong", found=f"{shown} has no scheme", causes=causes)


def _port(url: SplitResult) -> int | None:
    with suppress(ValueError):
        return url.port
    return None


def _host(url: SplitResult, timeout: float) -> Iterator[Check]:
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses, resolved = _resolve(host, port)
    yield resolved
    if not addresses:
        return
    try:
        started = time.monotonic()
        with socket.create_connection((host, port), timeout=timeout):
            seconds = time.monotonic() - started
    except OSError as error:
        causes = ("A firewall may keep this machine from it: open port 443 to it, or give a proxy",)
        found = f"no connection to port {port} ({error.strerror or 'no answer in time'})"
        yield Check(name=f"connection to {host}", result="wrong", found=found, causes=causes)
        return
    result: Result = "ok" if seconds < _LATENCY else "warning"
    yield Check(name=f"connection to {host}", result=result, found=f"{seconds * 1000:.0f} ms")
    if url.scheme == "https":
        secure = _tls(host, port, timeout)
        yield secure
        if secure.result == "wrong":
            return
    yield clock.check(url, timeout)


def _resolve(host: str, port: int) -> tuple[list[str], Check]:
    name = f"DNS of {host}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        causes = ("Look at /etc/resolv.conf, the container's DNS, or the spelling of base_url",)
        reason = error.strerror if isinstance(error, socket.gaierror) else "it is no host name"
        return [], Check(name=name, result="wrong", found=f"it has no address ({reason})", causes=causes)
    addresses = sorted({str(entry[4][0]) for entry in found})
    shown = ", ".join(addresses[:3])
    private = [address for address in addresses if ipaddress.ip_address(address.partition("%")[0]).is_private]
    if (
        private
        and "." in host
        and not host.replace(".", "").isdecimal()
        and host.endswith((".qq.com", ".wechatpay.cn"))
    ):
        causes = ("A hosts file, a DNS of the company or a VPN leads it astray, unless that is your own proxy",)
        return addresses, Check(name=name, result="warning", found=f"{shown} is a private address", causes=causes)
    return addresses, Check(name=name, result="ok", found=shown)


def _tls(host: str, port: int, timeout: float) -> Check:
    name = f"TLS of {host}"
    try:
        with (
            socket.create_connection((host, port), timeout=timeout) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            return Check(
                name=name, result="ok", found=f"{secure.version()}, {_issuer(secure.getpeercert(binary_form=True))}"
            )
    except ssl.SSLCertVerificationError as error:
        issuer = _presented_issuer(host, port, timeout)
        return Check(name=name, result="wrong", found=f"{error.verify_message}; {issuer}", causes=_distrusted(error))
    except ssl.SSLError as error:
        causes = ("Something that isn't the platform answers at this port, or TLS 1.2 is switched off here",)
        return Check(name=name, result="wrong", found=error.reason or "no TLS", causes=causes)
    except OSError as error:
        causes = ("A firewall that looks into TLS cuts it off: have it let the host pass",)
        found = f"the connection broke ({error.strerror or 'no answer in time'})"
        return Check(name=name, result="wrong", found=found, causes=causes)


def _distrusted(error: ssl.SSLCertVerificationError) -> tuple[str, ...]:
    if "hostname" in error.verify_message.lower():
        return ("Another server answers in the platform's place: look at DNS, the hosts file and base_url",)
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        return ("Look at this machine's date first",)
    return (_INTERCEPTED, "Or this machine's list of authorities is too old: update ca-certificates")


def _presented_issuer(host: str, port: int, timeout: float) -> str:
    """Who issued the certificate that is not trusted; nothing is sent over this connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return _issuer(secure.getpeercert(binary_form=True))
    except OSError:
        return "its issuer is unknown"


def _issuer(der: bytes | None) -> str:
    if der is None:
        return "no certificate"
    return f"issued by {x509.load_der_x509_certificate(der).issuer.rfc4514_string()[:80]}"
