"""One request and its answer through an aiohttp session, unaffected by the session's settings.

A session may be the caller's own, shared with the rest of a program: with credentials, middlewares and trace
configurations that are meant for other requests. None of them can change what an answer of the platform means: the
answer is read as it comes from the connection, before they see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from ..errors import TransportError
from ..http.headers import NO_HEADERS, Headers, request_id
from ..http.reading import LARGEST, read_whole, unpacked
from ..http.request import Request
from ..http.response import Response
from .failures import cause_of, transport_error
from .headers import AnswerHeaders
from .stream import Stream

_AUTHORIZATION = "Authorization"
_OK = 200
_SWITCHING = 101
_LARGEST_REFUSAL = 1024 * 1024


class Exchange:
    """A request and its answer.

    Args:
        request: what is sent.
        common: headers of every such request; the request's own win over them. An `Accept-Encoding` among them asks for
            an uncompressed answer.
        host: where it goes.
        session: sends it.
        timeout: how long that may take.
        is_ours: whether the session is from `new_session`, without settings of callers.

    Attributes:
        response: the answer with its content; None before it, and for an answer that is read as a stream.
        headers: the answer's, as soon as they have come.
    """

    response: Response[Any] | None = None
    headers: Headers = NO_HEADERS
    _error: TransportError | None = None
    _proxy: URL | None = None
    _was_sent = False

    def __init__(
        self,
        request: Request,
        common: Mapping[str, str],
        host: str | None,
        session: aiohttp.ClientSession,
        timeout: aiohttp.ClientTimeout,
        *,
        is_ours: bool,
    ) -> None:
        self._request = request
        self._common = common
        self._host = host
        self._session = session
        self._timeout = timeout
        self._is_ours = is_ours
        # An answer that is compressed although that wasn't asked for is unpacked here, up to a bound.
        asked = request.headers.get("Accept-Encoding")
        self._asks_for_identity = "Accept-Encoding" in common if asked is None else asked == "identity"

    def arguments(self) -> dict[str, Any]:
        """The arguments for `ClientSession.request`."""
        arguments: dict[str, Any] = {"auto_decompress": not self._asks_for_identity}
        if self._is_ours:
            # `_send` sets all headers at once: `ClientSession.request` would merge them one by one, twice.
            arguments["middlewares"] = (self._send,)
            if self._request.payload is not None:
                arguments["headers"] = {"Content-Length": str(self._request.payload.length)}
            return arguments
        # aiohttp refuses an Authorization beside the credentials of a session or of a .netrc: ours is set later.
        sent = Headers(self._common).merge(self._request.headers)
        if self._request.payload is not None:
            # Without it aiohttp would send the body in chunks, without its length.
            sent = sent.plus("Content-Length", str(self._request.payload.length))
        given = {name: value for name, value in sent.items() if name.lower() != _AUTHORIZATION.lower()}
        # Middlewares of a request replace the session's, for which there is no public attribute.
        theirs = getattr(self._session, "_middlewares", ())
        return {**arguments, "headers": given, "middlewares": (self._authorize, *theirs, self._send)}

    async def answer(self, answer: aiohttp.ClientResponse) -> Response[Any]:
        """The answer that the session returned; the content of a file is still to be read."""
        if self._request.streamed and answer.status == _OK:
            stream = Stream(answer, self.failure)
            return Response(status=_OK, headers=self.headers, request=self._request, stream=stream)
        # None if a middleware of the session answered, without a connection.
        return self.response or await self._read(answer)

    def failure(self, error: Exception) -> TransportError:
        """Our error for an exception of the session, or of reading the answer.

        The error of the connection counts, not what middlewares of the session made of it.
        """
        return self._failure_of(error) if self._error is None else self._error

    def _failure_of(self, error: Exception) -> TransportError:
        if isinstance(error, TransportError):
            return error
        mapped = transport_error(
            error,
            host=self._host,
            timeout=self._timeout,
            proxy=self._proxy,
            was_handed_over=self._was_sent,
            in_pieces=self._request.payload is not None,
        )
        mapped.request_id = request_id(self.headers)  # of an answer that broke off
        mapped.__cause__ = cause_of(error)
        return mapped

    async def _authorize(
        self, request: aiohttp.ClientRequest, call_next: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self._set_authorization(request)
        return await call_next(request)

    async def _send(
        self, request: aiohttp.ClientRequest, call_next: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """The last step before the connection, and the first that sees the answer.

        It raises no exception of aiohttp, because aiohttp would silently repeat a GET, a PUT or a DELETE, with the same
        signature.
        """
        if self._is_ours:
            request.headers.update(self._common)
            request.headers.update(self._request.headers.pairs())
        else:
            self._set_authorization(request)
        self._proxy, self._was_sent = request.proxy, True
        try:
            answer = await call_next(request)
            self.headers = AnswerHeaders(answer.headers)
            if self._request.streamed and answer.status == _OK:
                pass  # a stream, which the caller reads
            elif self._asks_for_identity and answer.content.is_eof() and self._request.payload is None:
                # What a small answer consists of came with its headers. Unpacked by aiohttp it may be any size.
                self._take(answer, answer.content.read_nowait())
            else:
                await self._read(answer)
        except Exception as error:  # noqa: BLE001 - trace configurations of the session may raise anything
            failure = self._failure_of(error)
        else:
            return answer
        # A middleware of the session may have sent the request more than once: the worst outcome counts.
        if self._error is None or self._error.outcome == "not_sent":
            self._error = failure
        raise failure  # outside of the handler, whose exception would become its context

    async def _read(self, answer: aiohttp.ClientResponse) -> Response[Any]:
        """Read the whole content. Then the connection is free for the next call, or closed."""
        try:
            content = await read_whole(answer.content.iter_any(), _most(answer.status))
        except BaseException:
            answer.close()
            raise
        finally:
            if self._request.payload is not None:  # aiohttp may still be reading it
                await answer.wait_for_close()
        return self._take(answer, content)

    def _take(self, answer: aiohttp.ClientResponse, content: bytes) -> Response[Any]:
        # For middlewares and trace configurations of the session, which may read the content after this.
        answer._body = content  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]: there is no public way
        status = answer.status
        if status == _SWITCHING:  # a switch to another protocol, for which aiohttp keeps the connection open
            answer.close()
        if content and self._asks_for_identity:
            content = unpacked(content, self.headers.get("Content-Encoding", ""), _most(status))
        given = {"status": status, "headers": self.headers, "content": content, "request": self._request}
        self.response = Response.of(given)
        return self.response

    def _set_authorization(self, request: aiohttp.ClientRequest) -> None:
        value = self._request.headers.get(_AUTHORIZATION)
        if value is not None:
            request.headers[_AUTHORIZATION] = value


def _most(status: int) -> int:
    """How many bytes an answer of this status may hold."""
    return LARGEST if 200 <= status < 300 else _LARGEST_REFUSAL
