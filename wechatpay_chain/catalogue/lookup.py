"""A request's operation, looked up once: it travels with the request, and so does that there is none."""

from __future__ import annotations

from ..http.operation import Operation
from ..http.path import without_needless_escapes
from ..http.request import Request
from .facts import find


def looked_up(request: Request) -> Request:
    """The request with what is known of its operation. One that was made or changed by hand is looked up here."""
    method, template, operation = request.method, request.template, request.operation
    if operation is None:
        if request.unknown == (method, template):
            return request
    elif operation.path == template and operation.method == method:
        return request
    operation = find(method, template)
    return request.changed(operation=operation, unknown=None if operation else (method, template))


def of_path(request: Request) -> Operation | None:
    """The operation that a request's path leads to. A placeholder, or an escape, may stand for a word of it."""
    path = without_needless_escapes(request.path)
    return None if request.unknown == (request.method, path) else find(request.method, path)
