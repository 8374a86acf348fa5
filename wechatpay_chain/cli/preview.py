"""A call as it would be sent: encrypted, encoded and signed by the client's own steps, but not sent."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn, cast

import orjson

from ..errors import ConfigurationError, ConnectionFailed
from ..http.request import Request
from ..policies.retry import RetryPolicy
from ..wire.hosts import DEFAULT_BASE_URL
from ..wire.schemes import scheme_of
from ..wire.signed_text import signed_text
from .settings import Settings
from .terminal import Terminal

_SIGNATURE = re.compile(r'(?<=signature=")[^"]*')
_CIPHERTEXT = re.compile(r"[A-Za-z0-9+/]{300,}={0,2}")
_SHOWN = 16
_MASK = "****"


class Preview:
    """A request as it would be sent.

    Attributes:
        request: as the transport would get it.
        plain: what the caller gave, before it was sealed.
        base_url: where it would go.
    """

    def __init__(self, request: Request, plain: Request, base_url: str) -> None:
        self.request = request
        self.plain = plain
        self.base_url = base_url.rstrip("/")

    @property
    def url(self) -> str:
        """The whole URL."""
        target = self.request.target.removeprefix("/v2") if _is_v2(self.request) else self.request.target
        return f"{self.request.origin or self.base_url}{target}"

    @property
    def encrypted(self) -> Iterator[str]:
        """The names of the members that were encrypted."""
        for given, sent in ((self.plain.json, self._sent()), (self.plain.params, self.request.params)):
            yield from _changed(given, sent)

    @property
    def signed_text(self) -> str | None:
        """The exact text that the signature covers; None where the call isn't signed in that way."""
        return signed_text(self.request)

    def _sent(self) -> Any:
        try:
            return orjson.loads(self.request.body or b"null")
        except orjson.JSONDecodeError:
            return None


async def preview(settings: Settings, request: Request, *, validate: bool) -> Preview:
    """Make the request that a call would send.

    Raises:
        ConfigurationError: it would be refused before anything is sent.
    """
    handed: list[Request] = []

    async def keep(sent: Request) -> NoReturn:
        handed.append(sent)
        raise ConnectionFailed("nothing is sent")

    once = RetryPolicy(attempts=1)
    async with settings.client(transport=keep, retry=once, rate_limits=None, validate=validate) as wxpay:
        with suppress(ConnectionFailed):
            await wxpay.send(request)
        (sent, *_) = handed
        return Preview(sent, request, settings.get("base_url") or DEFAULT_BASE_URL)


def show_preview(shown: Preview) -> None:
    """Print what would be sent, without signature and secrets."""
    terminal = Terminal.of(sys.stdout)
    request = shown.request
    terminal.line(terminal.paint(f"{request.method} {shown.url}", "bold"))
    for name, value in request.headers.items():
        terminal.line(f"{name}: {_shortened(_SIGNATURE.sub('…', value))}")
    terminal.line()
    terminal.line(_body(request))
    if encrypted := list(shown.encrypted):
        terminal.block(f"Encrypted for {request.headers.get('Wechatpay-Serial', 'the platform')}", encrypted)
    if (text := shown.signed_text) is not None:
        terminal.line()
        terminal.line(f"  {terminal.paint('The text to sign, each line ended by a line feed', 'cyan')}")
        for line in text.removesuffix("\n").split("\n"):
            terminal.line(f"    {line}\\n")
    terminal.line()
    terminal.line("Nothing was sent.")


def _is_v2(request: Request) -> bool:
    return scheme_of(request.template) == "v2"


def show_curl(shown: Preview) -> None:
    """Print the call as commands for a shell. The Authorization is made when they run, and goes to curl in a file.

    Raises:
        ConfigurationError: the call can't be made in that way.
    """
    request = shown.request
    if _is_v2(request) or request.payload is not None or request.file is not None:
        raise ConfigurationError("--curl", "an APIv2 call or an upload was given", "Use call itself, or --dry-run")
    sign = ["wechatpay-chain", "sign", "request", request.method, request.target]
    curl = ["curl", "--request", request.method, "--header", "@authorization.header"]
    for name, value in request.headers.items():
        if name != "Authorization":
            curl += ["--header", f"{name}: {value}"]
    print("umask 077")
    if request.body:
        print(f"printf %s {shlex.quote(request.body.decode())} > body.json")
        sign += ["--body", "body.json"]
        curl += ["--data-binary", "@body.json"]
    print(shlex.join([*sign, "--header-to", "authorization.header"]))
    print(shlex.join([*curl, shown.url]))


def _body(request: Request) -> str:
    if request.payload is not None:
        return (
            f"({request.payload.length} bytes, of which are signed:)\n{request.signed_bytes.decode('utf-8', 'replace')}"
        )
    return _shortened((request.body or b"").decode("utf-8", "replace"))


def _shortened(text: str) -> str:
    return _CIPHERTEXT.sub(lambda found: f"{found[0][:_SHOWN]}…({len(found[0])} characters)", text)


def _changed(given: Any, sent: Any, name: str = "") -> Iterator[str]:
    """The members whose values differ between what was given and what is sent."""
    if isinstance(given, Mapping) and isinstance(sent, Mapping):
        members, others = cast("Mapping[str, Any]", given), cast("Mapping[str, Any]", sent)
        for key, value in members.items():
            yield from _changed(value, others.get(key), f"{name}.{key}" if name else key)
    elif isinstance(given, list) and isinstance(sent, list):
        pairs = zip(cast("list[object]", given), cast("list[object]", sent), strict=False)
        for number, (value, other) in enumerate(pairs):
            yield from _changed(value, other, f"{name}[{number}]")
    elif isinstance(given, str) and isinstance(sent, str) and given != sent:
        yield f"{name}: {_MASK} ({len(given)} characters) becomes {_shortened(sent)}"
