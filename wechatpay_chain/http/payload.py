"""The payloads of a request: their places, and copies of them as they were when a call began.

The caller may change dicts and lists while the call waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from .request import Request

LOCATIONS = {"json": "json", "xml": "xml", "params": "query", "meta": "meta"}
"""A request's attribute with a payload -> what the catalogue calls that place."""


def as_of_now(request: Request) -> Request:
    """The request with copies of its payloads, for a step that waits before they are encoded.

    A payload that contains itself, or is nested too deeply, is not copied: encoding refuses it later.
    """
    given = vars(request)
    try:
        return request.changed(**{name: _copy(given[name]) for name in LOCATIONS if given[name] is not None})
    except RecursionError:
        return request


def _copy(payload: Any) -> Any:
    """A copy with copies of all dicts and lists in it. Values of other types are the same objects."""
    if type(payload) is dict:
        return {name: _copy(item) for name, item in cast("dict[str, Any]", payload).items()}
    return [_copy(item) for item in cast("Iterable[Any]", payload)] if type(payload) is list else payload
