"""The values that travel through the pipeline: requests, answers, and what marks a secret."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, Protocol, Self, TypeVar, cast, overload

import orjson

from .errors import DecodeError, RequestLine, TrustError
from .timeouts import Timeouts

D = TypeVar("D")
T_co = TypeVar("T_co", covariant=True)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods that the platform knows."""

Params = Mapping[str, Any]
Progress = Callable[[int, int | None], None]
"""Called with the bytes that have gone or come so far, and with their whole number where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to be uploaded, with what its content alone doesn't tell.

    Attributes:
        content: a path, bytes, or chunks that come one by one, as from an incoming upload.
        name: the file's name; a path has its own.
        progress: called while the file is sent.
    """

    content: Path | bytes | AsyncIterable[bytes]
    name: str = ""
    progress: Progress | None = None


File = Path | bytes | AsyncIterable[bytes] | Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A body that is read while it is sent. Every attempt reads it from the start.

    Attributes:
        length: how many bytes it has.
        chunks: gives the bytes, from the start, each time it is called.
    """

    length: int
    chunks: Callable[[], AsyncIterator[bytes]] = field(repr=False)

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])


class Headers(Mapping[str, str]):
    """HTTP headers: immutable, looked up in any case, repeated names joined with a comma.

    Args:
        items: a mapping, or (name, value) pairs.

    Raises:
        TypeError: a name or a value that is not a string.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Callers may be untyped, so nothing is taken for granted here.
        pairs: list[tuple[Any, Any]] = [*(items.items() if isinstance(items, Mapping) else items)]
        names, values = zip(*pairs, strict=True) if pairs else ((), ())
        for kind in {*map(type, names), *map(type, values)}:
            if not issubclass(kind, str):
                raise TypeError(f"headers are str to str, and there is a {kind.__name__}")
        lower = [*map(str.lower, names)]
        # Both by the name in small letters, in the same order: how it was written, and the value.
        self._names: dict[str, str] = dict(zip(lower, names, strict=True))
        self._values: dict[str, str] = dict(zip(lower, values, strict=True))
        if len(self._names) < len(pairs):
            self._names, self._values = _joined(pairs)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | D) -> str | D: ...

    def get(self, name: str, /, default: str | D | None = None) -> str | D | None:
        """The value of a header, in whatever case its name is given; `default` where there is none."""
        return self._values.get(name.lower(), default)

    def as_dict(self) -> dict[str, str]:
        """Names, as they were written, to values."""
        return dict(zip(self._names.values(), self._values.values(), strict=True))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        # Names only: Authorization and others hold what no log should.
        return f"<Headers {', '.join(self)}>"

    def plus(self, name: str, value: str) -> Headers:
        """These headers with one more, or with another value for it."""
        lower = name.lower()
        return self._laid({lower: name}, {lower: value})

    def merge(self, headers: Mapping[str, str]) -> Headers:
        """These headers with `headers` laid over them."""
        laid: Headers = headers if isinstance(headers, Headers) else Headers(headers)
        return self._laid(laid._names, laid._values)

    def _laid(self, names: dict[str, str], values: dict[str, str]) -> Headers:
        headers = object.__new__(Headers)
        headers._names, headers._values = self._names | names, self._values | values
        return headers


def _joined(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for name, value in pairs:
        lower = name.lower()
        values[lower] = f"{values[lower]}, {value}" if lower in values else value
        names.setdefault(lower, name)
    return names, values


NO_HEADERS = Headers()


class _Value:
    """A frozen dataclass whose instances hold only what differs from the defaults of their class.

    The constructor sets every attribute, one by one, and `dataclasses.replace` calls it: of the many requests and
    answers that a call is made of, most are made by these two instead, in a tenth of the time.
    """

    _attributes: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._attributes = cls._attributes.union(cls.__annotations__)

    @classmethod
    def of(cls, **attributes: Any) -> Self:
        """A value with these attributes, which must include all that have no default.

        Raises:
            TypeError: there is no such attribute.
        """
        if not cls._attributes.issuperset(attributes):
            raise _no_attribute(cls, attributes.keys() - cls._attributes)
        value = object.__new__(cls)
        held = value.__dict__
        held |= attributes
        return value

    def changed(self, **changes: Any) -> Self:
        """A copy with other values for some attributes; raises as `of`."""
        if not self._attributes.issuperset(changes):
            raise _no_attribute(type(self), changes.keys() - self._attributes)
        value = object.__new__(type(self))
        held = value.__dict__
        held |= self.__dict__
        held |= changes
        return value


def _no_attribute(kind: type[_Value], unknown: Iterable[str]) -> TypeError:
    return TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")


class Secret:
    """Marks a string that must be encrypted before it is sent: `json={"name": Secret("张三")}`.

    Fields that the catalogue knows as secret are encrypted without it; use it where an operation is newer than that.

    Args:
        value: the plaintext, at most 214 bytes of UTF-8 for a 2048-bit key.

    Raises:
        TypeError: `value` is not a string.
    """

    # Not a dataclass and not a str: orjson would write the plaintext of either by itself.
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise TypeError(f"Secret takes a str, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """The plaintext."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled, its plaintext would be in the pickle: pickle what it was made of")


@dataclass(frozen=True, kw_only=True)
class Request(_Value):
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
        retry: whether the call may be repeated after it may have arrived; None lets the operation's facts decide,
            False makes one attempt and no more.
        security: whether to present the merchant certificate; None lets the operation's facts decide.
        query: the encoded query, without `?`.
        body: the bytes to be sent; None until they are encoded.
        payload: in place of `body`, a body too big to be held, which is read while it is sent.
        signed_body: the bytes that the signature covers, where these are not the body (uploads sign `meta` alone).
        origin: scheme and host to send to, in place of the operation's and the client's own (downloads).
        streamed: whether a successful answer's content is to be handed on unread, as `Response.stream`.
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
    timeout: float | Timeouts | None = field(default=None, repr=False)
    retry: bool | None = field(default=None, repr=False)
    security: bool | None = field(default=None, repr=False)
    query: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    payload: Payload | None = field(default=None, repr=False)
    signed_body: bytes | None = field(default=None, repr=False)
    origin: str = field(default="", repr=False)
    streamed: bool = field(default=False, repr=False)
    call: int | None = field(default=None, repr=False)
    attempt: int = field(default=1, repr=False)

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.template)

    @property
    def target(self) -> str:
        """Path and query, exactly as signed and sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def is_apiv2(self) -> bool:
        """Whether it is a call of APIv2, whose paths begin with `/v2` in a chain and without it on the wire."""
        return self.template.startswith("/v2/")

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that an APIv3 signature covers."""
        return self.body or b"" if self.signed_body is None else self.signed_body

    @property
    def line(self) -> RequestLine:
        """What is safe to show of this request."""
        return RequestLine(self.method, self.template)


class Stream(Protocol):
    """The content of an answer that is read as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Let go of the connection, wherever the reading is."""
        ...


@dataclass(frozen=True, kw_only=True)
class Response(_Value, Generic[T_co]):
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

    @property
    def text(self) -> str:
        """The raw content as UTF-8; bytes that are none become U+FFFD."""
        return self.content.decode("utf-8", "replace")

    @property
    def request_id(self) -> str | None:
        """The platform's `Request-ID`, to be quoted to its support."""
        return self.headers.get("Request-ID")

    def json(self) -> T_co:
        """The content as Python values, encrypted fields decrypted; None for an answer without content.

        Raises:
            DecodeError: the content is not JSON.
        """
        content = self.content if self.decrypted is None else self.decrypted
        if not content:
            return cast("T_co", None)
        try:
            return cast("T_co", orjson.loads(content))
        except orjson.JSONDecodeError as error:
            # `from None`: the exception of orjson carries the whole document.
            kind = self.headers.get("Content-Type", "no Content-Type")
            raise about(
                self,
                DecodeError(f"the answer ({self.status}, {kind}, {len(self.content)} bytes) is not JSON: {error}"),
            ) from None

    def xml(self) -> T_co:
        """The elements of an APIv2 answer, by name; all of them are texts.

        Raises:
            DecodeError: the answer isn't XML.
        """
        if self.fields is None:
            raise about(self, DecodeError(f"the answer ({self.status}, {len(self.content)} bytes) is not APIv2's XML"))
        return cast("T_co", dict(self.fields))


Distrust = TypeVar("Distrust", bound=TrustError)


def about(response: Response[Any], error: Distrust) -> Distrust:
    """The error, with everything put on it that is known of the answer it speaks of."""
    error.status, error.headers, error.content = response.status, response.headers, response.content
    error.request_id = response.request_id
    error.outcome, error.attempts = "unknown", response.attempts
    if response.request is not None:
        error.request = response.request.line
    return error
