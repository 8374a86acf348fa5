"""Verify: refuses answers that the platform didn't sign."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..catalogue.lookup import of_path
from ..credentials.sm_threads import Run
from ..credentials.trust_store import TrustStore
from ..errors import SignatureError
from ..http.operation import AnswerSignature
from ..http.reading import without_stream
from ..http.request import Request
from ..http.response import Response, about
from ..http.timeout import Timeout, chosen
from ..pipeline import Handler
from ..wire import v3
from ..wire.schemes import Scheme


class Verify:
    """Checks the signature of every answer.

    A 2xx must be signed, an empty one too, unless the catalogue says that the operation's answers aren't signed. The
    platform doesn't sign every refusal: refusals are returned in any case, and `verified` says whether one was signed.

    Args:
        trust: the platform's keys. If they are renewed, the key of an unknown serial is downloaded, which counts
            against the call's time.
        clock: returns Unix time in seconds.
        timeouts: of a call without its own. A key is downloaded in the time that is left.
        verify: checks a signature in this scheme.
        scheme: of the calls that pass here.
        run: runs a slow verification in another thread; None runs it here.
        monotonic: returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        trust: TrustStore,
        clock: Callable[[], float],
        timeouts: Timeout = Timeout(),  # noqa: B008 - it is immutable
        *,
        verify: Callable[..., None] = v3.verify,
        scheme: Scheme = "v3",
        run: Run | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trust = trust
        self.scheme = scheme
        self._clock = clock
        self._timeouts = timeouts
        self._check = verify
        self._run = run
        self._monotonic = monotonic

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Call on, then check the answer's signature."""
        if self.trust.is_renewed:
            response = await self._with_keys(request, call_next)
        else:
            response = await call_next(request)
        if not 200 <= response.status < 300:
            run = self._run
            return response.changed(verified=self._holds(response) if run is None else await run(self._holds, response))
        signature = _signature_of_answer(request)
        if signature == "none":
            return response.changed(verified=False)
        if signature == "body" and response.stream is not None:
            response = await without_stream(response)
        try:
            body = response.content
            if signature == "sha1-header":
                # The digest of a stream is compared when it has been read.
                body = v3.statement_body(response.headers, body if response.stream is None else None)
            if self._run is None:
                self._verify(response, body)
            else:
                await self._run(self._verify, response, body)
        except BaseException as error:
            await _close(response)
            if isinstance(error, SignatureError):
                raise about(response, error) from None
            raise
        return response.changed(verified=response.stream is None)

    async def _with_keys(self, request: Request, call_next: Handler) -> Response[Any]:
        """The answer, after downloading the key that it names if that is missing, in the time that is left."""
        started = self._monotonic()
        response = await call_next(request)
        serial = response.headers.get(v3.SERIAL_HEADER)
        if serial and self.trust.is_renewed and self.trust.keys.find(serial) is None:
            left = chosen(request.timeout, self._timeouts).total - (self._monotonic() - started)
            try:
                await self.trust.fetch(serial, max(left, 0.0))
            except BaseException:
                await _close(response)
                raise
        return response

    def _verify(self, response: Response[Any], body: bytes) -> None:
        self._check(response.headers, body, self.trust.keys, self._clock())

    def _holds(self, response: Response[Any]) -> bool:
        if not v3.is_signed(response.headers):
            return False
        try:
            self._verify(response, response.content)
        except SignatureError:
            return False
        return True


async def _close(response: Response[Any]) -> None:
    """Let go of the content of a file that nobody will read."""
    if response.stream is not None:
        await response.stream.aclose()


def _signature_of_answer(request: Request) -> AnswerSignature:
    operation = request.operation
    if operation is not None and operation.answer_signature == "body":
        return "body"
    by_path = of_path(request)
    # No exemption if the template is not that of the path that was sent.
    if operation is not None and operation is by_path:
        return operation.answer_signature
    # Files behind links aren't signed. They are trusted because the answer that held the link was signed.
    is_link = request.streamed and by_path is None and request.method == "GET"
    return "none" if is_link else "body"
