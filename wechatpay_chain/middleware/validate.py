"""Validate: refuses payloads that the catalogue doesn't allow. Optional, since the platform has the last word."""

from __future__ import annotations

from typing import Any

from .. import catalogue
from ..errors import ConfigurationError
from ..http.operation import Operation
from ..http.payload import LOCATIONS
from ..http.request import Request
from ..http.response import Response
from ..pipeline import Handler


class Validate:
    """Checks required fields, types, enumerations and lengths of operations that the catalogue knows."""

    async def __call__(self, request: Request, call_next: Handler) -> Response[Any]:
        """Check the request, then call on."""
        operation = request.operation
        if operation is not None:
            _check(request, operation)
        return await call_next(request)


def _check(request: Request, operation: Operation) -> None:
    payloads = {location: getattr(request, name) for name, location in LOCATIONS.items()}
    faults = catalogue.validate(operation, payloads)
    if faults:
        raise ConfigurationError(
            faults[0].location,
            f"{len(faults)} fault{'s' * (len(faults) > 1)}: {'; '.join(map(str, faults))}",
            "If the platform takes it all the same, make the client without validate=True",
        )
