"""What the catalogue can tell a caller who went astray: the closest operations, and what replaces a deprecated one."""

from __future__ import annotations

import warnings
from functools import cache

from .. import catalogue
from ..errors import APIError, NotFound, WeChatPayError, WeChatPayWarning
from ..http.request import Request
from .closings import closing_of

_NOT_FOR_YOU = frozenset({"NO_AUTH", "INVALID_REQUEST"})


def note_closest(error: WeChatPayError, method: str, path: str) -> None:
    """Put a note on an error that names the operations closest to a path; none where nothing is close."""
    found = catalogue.closest(method, path)
    if found:
        names = "; ".join(f"{operation.method} {operation.path} ({operation.name})" for operation in found)
        error.add_note(f"Closest known operations: {names}")


def note_unknown(error: WeChatPayError, request: Request, operation: catalogue.Operation | None) -> None:
    """Put such a note on a 404 of an operation that the catalogue doesn't know: its path may be misspelt."""
    if isinstance(error, NotFound) and operation is None:
        note_closest(error, request.method, request.template)


def note_closed(error: APIError, operation: catalogue.Operation | None) -> None:
    """Put a note on a refusal by a product that new merchants don't get, if they may be refused for that alone."""
    if error.code in _NOT_FOR_YOU and operation is not None and (closing := closing_of(operation)) is not None:
        error.add_note(str(closing))


@cache
def warn_deprecated(operation: catalogue.Operation) -> None:
    """Warn of a deprecated operation, once per process."""
    successors = f"; use {' or '.join(operation.successors)}" if operation.successors else ""
    warnings.warn(
        f"{operation.method} {operation.path} ({operation.name}) is deprecated{successors}",
        WeChatPayWarning,
        stacklevel=2,
    )
