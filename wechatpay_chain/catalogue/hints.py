"""Hints from the catalogue: what a misspelt path may mean, and what replaces a deprecated or closed operation."""

from __future__ import annotations

import warnings
from functools import cache

from .. import catalogue
from ..errors import APIError, Cause, Certainty, WeChatPayError, WeChatPayWarning
from ..http.request import Request
from .closings import closing_of

# No such path; no such verb at this path.
_NO_SUCH = frozenset({404, 405})
_NOT_FOR_YOU = frozenset({"NO_AUTH", "INVALID_REQUEST"})


def note_closest(error: WeChatPayError, method: str, path: str) -> None:
    """Put a note on an error that names the operations closest to a path; none where nothing is close."""
    found = catalogue.closest(method, path)
    if found:
        names = "; ".join(f"{operation.method} {operation.path} ({operation.name})" for operation in found)
        error.add_note(f"Closest known operations: {names}")


def explain_unknown(error: APIError, request: Request, operation: catalogue.Operation | None) -> None:
    """Add to a 404 or 405, of an operation that the catalogue doesn't know, the closest ones and the likely cause."""
    if error.status in _NO_SUCH and operation is None:
        note_closest(error, request.method, request.template)
        error.because(*error.causes, misspelt(request.method, request.template))


def misspelt(method: str, path: str) -> Cause | None:
    """The likely mistake in an unknown operation; None where nothing is close.

    Args:
        method: the verb of the call.
        path: its template, from the leading slash.
    """
    if verbs := ", ".join(operation.method for operation in catalogue.at(path)):
        return Cause("wrong-verb", f"the path is known with {verbs} only", "Use such a verb", "likely")
    closest = catalogue.closest(method, path)
    respelt = {operation.path for operation in catalogue.respelt_of(path)}
    if meant := next((found for found in closest if found.path in respelt), None):
        return _path_misspelt(meant, "A path in text is sent as it stands, slashes included: write", "likely")
    slips = {operation.path for operation, same_words in catalogue.resembling(path) if same_words}
    if meant := next((found for found in closest if found.path in slips), None):
        return _path_misspelt(meant, "Write", "possible")  # it may also be newer than the catalogue
    return None


def _path_misspelt(meant: catalogue.Operation, lead: str, certainty: Certainty) -> Cause:
    return Cause(
        "path-misspelt",
        f"the path is misspelt: {meant.method} {meant.path} ({meant.name}) is meant",
        f"{lead} {meant.path[1:]!r}, or the chain {catalogue.spell(meant.path)}",
        certainty,
    )


def note_closed(error: APIError, operation: catalogue.Operation | None) -> None:
    """Note on a refusal that the product is closed to new merchants, if that may be why it was refused."""
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
