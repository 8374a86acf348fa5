"""One request and its answer, with what the emulator found out about it on the way."""

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
        operation: what the catalogue knows of it, if anything.
        mchid: who signed it; empty where nobody who is known did.
        call: what it carries, secrets plain; None where it was refused before.
        effects: the faults that it met.
        refusal: why it was refused, a `Refusal` or `RefusalV2`; None where it was not.
        response: the answer as sent; None while it is being made.
        seconds: how long that took.
        request_size: bytes of the request's body, where only its beginning is kept; None where it is whole.
        response_size: the same of the answer's.
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
        """The same with at most `LARGEST` bytes of each body; itself where there is no more."""
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
        """The exchange in a line, without anything that was sent but its target."""
        status = "no answer" if self.response is None else str(self.response.status)
        why = f" {getattr(self.refusal, 'code', '')} {getattr(self.refusal, 'message', '')}" if self.refusal else ""
        struck = f" [{', '.join(type(effect).__name__ for effect in self.effects)}]" if self.effects else ""
        return f"{self.request.method} {self.request.target} -> {status}{why}{struck}"
