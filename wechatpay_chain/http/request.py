"""A call, as a value: first what the caller wants, later also the bytes to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, RequestLine, type_of
from .attachment import File, Payload
from .headers import NO_HEADERS, Headers
from .operation import Operation
from .timeout import Timeout
from .value import Value, value

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods that the platform knows."""

Params = Mapping[str, Any]

_SWITCH = (None, True, False)


@value
class Request(Value):
    """One call, as a value: first what the caller wants, later also the bytes to be sent. Its repr shows no value.

    Attributes:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        template: the path with its placeholders, the key of the catalogue and of rate limits.
        path: the path to be sent, percent-encoded; equals `template` where that has no placeholder.
        params: query parameters before encoding.
        json: the JSON payload before encoding; None for none.
        xml: the APIv2 parameters before encoding; None for none.
        file: the file to be uploaded.
        meta: further members of an upload's `meta` part.
        headers: headers to be sent.
        timeout: seconds for the whole call, or all of its times; None for the client's.
        retry: whether the call may be repeated after it may have arrived; None for what the catalogue says of the
            operation, False for a single attempt.
        security: whether to present the merchant certificate; None for what the catalogue says of the operation.
        query: the encoded query, without `?`.
        body: the bytes to be sent; None until they are encoded.
        payload: in place of `body`, a body too big for memory, which is read while it is sent.
        signed_body: the bytes that the signature covers, where these are not the body (uploads sign `meta` alone).
        origin: scheme and host to send to, in place of the operation's and the client's own (downloads).
        streamed: whether a successful answer keeps its content unread, as `Response.stream`.
        operation: what is known of the operation, looked up once when a client takes the call; None for an operation
            that the catalogue doesn't know.
        unknown: method and template that were looked up and are not in the catalogue; None for all other requests.
        call: numbers the calls of a process; None where nobody observes.
        attempt: numbers the attempts of a call, from 1.
    """

    method: str
    template: str
    path: str = field(default="", repr=False)
    params: Params | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    xml: Mapping[str, Any] | None = field(default=None, repr=False)
    file: File | None = field(default=None, repr=False)
    meta: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Headers = field(default=NO_HEADERS, repr=False)
    timeout: float | Timeout | None = field(default=None, repr=False)
    retry: bool | None = field(default=None, repr=False)
    security: bool | None = field(default=None, repr=False)
    query: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    payload: Payload | None = field(default=None, repr=False)
    signed_body: bytes | None = field(default=None, repr=False)
    origin: str = field(default="", repr=False)
    streamed: bool = field(default=False, repr=False)
    operation: Operation | None = field(default=None, repr=False, compare=False)
    unknown: tuple[str, str] | None = field(default=None, repr=False, compare=False)
    call: int | None = field(default=None, repr=False)
    attempt: int = field(default=1, repr=False)

    if not TYPE_CHECKING:  # a checker knows the arguments from the attributes

        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            if not self.path:
                self.__dict__["path"] = self.template

    def __getstate__(self) -> dict[str, Any]:
        """All but what this process doesn't know: the one that unpickles it may know the operation."""
        return {**vars(self), "unknown": None}

    @property
    def target(self) -> str:
        """Path and query, exactly as signed and sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that an APIv3 signature covers."""
        return self.body or b"" if self.signed_body is None else self.signed_body

    @property
    def line(self) -> RequestLine:
        """What is safe to show: a known operation's template in the catalogue, since this one may hold values."""
        return RequestLine(self.method, self.template if self.operation is None else self.operation.path)


def check_switches(request: Request) -> None:
    """Refuse a request whose `retry` or `security` says neither yes nor no.

    Raises:
        ConfigurationError: one of them holds something else, such as the text `"false"`, which would count as yes.
    """
    if request.retry in _SWITCH and request.security in _SWITCH:
        return
    name = "security" if request.retry in _SWITCH else "retry"
    raise ConfigurationError(name, f"{type_of(getattr(request, name))} was found", "Give True or False")
