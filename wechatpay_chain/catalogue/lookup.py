"""The look-up of a request's operation. Its result, also a failure, is kept in the request."""

from __future__ import annotations

from ..http.operation import Operation
from ..http.path import without_needless_escapes
from ..http.request import Request
from .facts import find


def looked_up(request: Request) -> Request:
    """The request with its operation. One from a chain has it already; one made or changed by hand gets it here."""
    operation = request.operation
    if operation is not None and operation.path == request.template and operation.method == request.method:
        return request
    sought = (request.method, request.template)
    if operation is None and request.unknown == sought:
        return request
    operation = find(*sought)
    return request.changed(operation=operation, unknown=None if operation else sought)


def of_path(request: Request) -> Operation | None:
    """The operation that a request's path leads to, also where a placeholder or an escape stands for a literal word."""
    path = without_needless_escapes(request.path)
    return None if request.unknown == (request.method, path) else find(request.method, path)
