"""One request and its answer, with what the emulator found out about the request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..catalogue import Operation
from ..http.request import Request
from ..http.response import Response
from .faults import Effect
from .kept import LARGEST
from .platform.call import Call


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    Attributes:
        number: counts the exchanges of an emulator, from 1.
        time: when the request came, real Unix time in seconds.
        request: as received.
        operation: of the catalogue, if it is one.
        mchid: the merchant that signed it; empty if no known one did.
        call: its content, decrypted; None if it was refused before that.
        effects: of the faults that struck it.
        refusal: why it was refused, a `Refusal` or `RefusalV2`; None where it was not.
        response: the answer as sent; None while it is being made.
        seconds: how long that took.
        request_size: size of the request's body, if only the beginning is kept; None if all of it is.
        response_size: the same for the answer's body.
    """

    number: int
    time: float
    request: Request = field(repr=False)
    operation: Operation | None = None
    mchid: str = ""
    call: Call | None = None
    effects: tuple[Effect, ...] = ()
    refusal: Exception | None = None
    response: Response[Any] | None = field(default=None, repr=False)
    seconds: float = 0.0
    request_size: int | None = None
    response_size: int | None = None

    def shortened(self) -> Self:
        """A copy with at most `LARGEST` bytes of each body; the exchange itself if both are shorter."""
        found, body = self, self.request.body or b""
        if len(body) > LARGEST:
            request = self.request.changed(body=body[:LARGEST])
            call = self.call and self.call.shortened()
            found = replace(found, request=request, request_size=len(body), call=call)
        if self.response is not None and len(self.response.content) > LARGEST:
            response = self.response.changed(content=self.response.content[:LARGEST])
            found = replace(found, response=response, response_size=len(self.response.content))
        return found

    def __str__(self) -> str:
        """The exchange in a line; of what was sent, it shows only the target."""
        status = "no answer" if self.response is None else str(self.response.status)
        why = f" {getattr(self.refusal, 'code', '')} {getattr(self.refusal, 'message', '')}" if self.refusal else ""
        struck = f" [{', '.join(type(effect).__name__ for effect in self.effects)}]" if self.effects else ""
        return f"{self.request.method} {self.request.target} -> {status}{why}{struck}"
