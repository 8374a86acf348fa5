"""An answer, as a value."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterable, Mapping
from dataclasses import field
from typing import Any, Generic, Protocol, TypeVar, cast

import orjson

from ..errors import APIError, DecodeError, TrustError, printable
from .headers import NO_HEADERS, Headers, request_id
from .request import Request
from .value import Value, value

T_co = TypeVar("T_co", covariant=True)

_SHOWN = 400
_MASK = "***"


class Stream(Protocol):
    """The content of an answer that is read as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Let go of the connection, wherever the reading is."""
        ...


@value
class Response(Value, Generic[T_co]):
    """An answer. What `send` and the verbs return has been verified, unless the operation's answers carry no signature.

    Attributes:
        status: HTTP status.
        headers: headers, looked up in any case.
        content: the raw bytes, as signed; fields that came encrypted are still encrypted here.
        request: the request as it was sent.
        verified: whether the answer's signature was checked and holds.
        decrypted: the JSON with its encrypted fields decrypted, where the operation has such fields.
        fields: the elements of an APIv2 answer; None for an answer that isn't XML.
        stream: the content that is still to be read, where the request asked for it; `content` is empty then.
        attempts: how many times the request was handed to the transport.
        in_doubt: whether an earlier one of these attempts may have taken effect, whatever this answer says.
        refusal: what the answer says, where it is a refusal and was read; see `wechatpay_chain.wire.refusal`.
    """

    status: int
    headers: Headers = field(default=NO_HEADERS, repr=False)
    content: bytes = field(default=b"", repr=False)
    request: Request | None = None
    verified: bool = False
    decrypted: bytes | None = field(default=None, repr=False)
    fields: Mapping[str, str] | None = field(default=None, repr=False)
    stream: Stream | None = field(default=None, repr=False)
    attempts: int = field(default=1, repr=False)
    in_doubt: bool = field(default=False, repr=False)
    refusal: APIError | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The raw content as UTF-8; invalid bytes become U+FFFD."""
        return self.content.decode("utf-8", "replace")

    @property
    def request_id(self) -> str | None:
        """The platform's `Request-ID`, to be quoted to its support."""
        return request_id(self.headers)

    def json(self) -> T_co:
        """The content as Python values, encrypted fields decrypted; None for an answer without content.

        Of an APIv2 answer, which is XML, these are its elements, as of `xml()`.

        Raises:
            DecodeError: the content is not JSON.
        """
        if self.fields is not None:
            return self.xml()
        content = self.content if self.decrypted is None else self.decrypted
        if not content:
            return cast("T_co", None)
        try:
            return cast("T_co", orjson.loads(content))
        except orjson.JSONDecodeError as error:
            # `from None`: the exception of orjson carries the whole document.
            kind = self.headers.get("Content-Type", "no Content-Type")
            raise self._undecoded(
                f"the answer ({self.status}, {kind}, {len(self.content)} bytes) is not JSON: {error}"
            ) from None

    def xml(self) -> T_co:
        """The elements of an APIv2 answer, by name; all of them are texts.

        Raises:
            DecodeError: the answer isn't XML.
        """
        if self.fields is None:
            raise self._undecoded(
                f"the answer ({self.status}, {len(self.content)} bytes) is not APIv2's XML: use json()"
            )
        return cast("T_co", dict(self.fields))

    def __repr__(self) -> str:
        """The answer at a glance, as it came; of an operation that isn't known, the names of its members alone."""
        request = "" if self.request is None else f" {self.request.line}"
        trust = "" if self.verified else ", not verified"
        return f"<Response {self.status}{request}: {self._shown_content()}{trust}>"

    def _shown_content(self) -> str:
        members: object = self.fields
        if members is None:
            try:
                members = orjson.loads(self.content)
            except orjson.JSONDecodeError:
                return f"{len(self.content)} bytes"
        operation = None if self.request is None else self.request.operation
        known = None if operation is None else _last_names(operation.answer_secret_fields)
        try:
            text = printable(repr(_masked(members, known)))
        except RecursionError:
            return f"{len(self.content)} bytes"
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

    def _undecoded(self, message: str) -> DecodeError:
        error = about(self, DecodeError(message))
        if self.verified:  # it is the platform's own answer: how it is read says nothing of what became of the call
            error.outcome = None
        return error


def _last_names(paths: Iterable[str]) -> frozenset[str]:
    """The names of the fields that some field paths lead to."""
    return frozenset(path.rpartition(".")[2].removesuffix("[]") for path in paths)


def _masked(found: object, secret: Container[str] | None) -> object:
    """JSON values without those of secret members; None stands for all members."""
    if isinstance(found, Mapping):
        members = cast("Mapping[str, object]", found)
        return {name: _masked_member(name, member, secret) for name, member in members.items()}
    if isinstance(found, list):
        return [_masked(item, secret) for item in cast("list[object]", found)]
    return found if secret is not None else _MASK


def _masked_member(name: str, member: object, secret: Container[str] | None) -> object:
    return _MASK if secret is not None and name in secret else _masked(member, secret)


Distrust = TypeVar("Distrust", bound=TrustError)


def about(response: Response[Any], error: Distrust) -> Distrust:
    """The error, with everything put on it that is known of the answer it speaks of."""
    error.status, error.headers, error.content = response.status, response.headers, response.content
    error.request_id = response.request_id
    error.outcome, error.attempts = "unknown", response.attempts
    if response.request is not None:
        error.request = response.request.line
    return error
