"""The result of an item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["waiting", "sent", "done", "refused", "unknown", "withheld"]
"""`waiting`: not sent yet. `sent`: under way, or interrupted by a crash. `done`: it took effect. `refused`: finally
refused, without effect. `unknown`: of unknown outcome and not repeatable: give a later run a way to look it up.
`withheld`: not sent, and missing in the input of a later run; it is not sent until an input has it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of an item.

    Attributes:
        key: names the item.
        state: as `State` says.
        status: HTTP status; None where no answer came.
        code: the platform's error code, or the name of the error.
        message: of the error.
        request_id: the platform's `Request-ID`.
        answer: the raw content of the answer; what came encrypted still is.
    """

    key: str
    state: State
    status: int | None = None
    code: str | None = None
    message: str | None = field(default=None, repr=False)
    request_id: str | None = None
    answer: bytes | None = field(default=None, repr=False)
