"""Refusing calls in which a typing error would send a secret in plain, in both versions of the API.

A call of an operation by its own path, with fields that the operation has, is never refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .. import catalogue
from ..errors import ConfigurationError
from ..http.headers import NO_HEADERS
from ..http.names import letters
from ..http.payload import LOCATIONS
from ..http.request import Request
from ..wire.exposure import Suspect, misplaced, named


def check(request: Request, operation: catalogue.Operation | None) -> None:
    """Refuse a call that would send a secret in plain because of a typing error.

    Args:
        request: the call, before anything of it is encrypted.
        operation: that the call's path leads to; None for one that the catalogue doesn't know.

    Raises:
        ConfigurationError: a secret under another name or in another place than the operation has it, or under a path
            that resembles the one of an operation with such a secret; or a payload that contains itself.
    """
    try:
        if operation is not None and operation.secret_fields:
            _check_names(request, operation)
        if operation is None or operation.path != request.template:
            _check_path(request, operation)
    except RecursionError:
        raise ConfigurationError(
            "json", "it is nested too deeply, or contains itself", "Give a payload without cycles"
        ) from None


def _check_names(request: Request, operation: catalogue.Operation) -> None:
    given = vars(request)
    for name, location in LOCATIONS.items():
        if given[name] is None:
            continue
        for suspect in misplaced(given[name], location, operation.secret_fields):
            if not _is_known(suspect, location, operation):
                raise ConfigurationError(
                    f"{name}/{'/'.join(suspect.place)}",
                    "a secret field in a wrong place or spelling, which would go out in plain",
                    f"Secret fields are {', '.join(operation.secret_fields)}; elsewhere, mark it with Secret",
                )
    for header in request.headers if request.headers is not NO_HEADERS else ():
        if letters(header) in _by_letters(operation.secret_fields):
            raise ConfigurationError(
                f"headers[{header!r}]", "a secret field among the headers, which go out in plain", "Give it with json="
            )


@lru_cache(maxsize=512)
def _by_letters(secret_fields: tuple[str, ...]) -> frozenset[str]:
    return frozenset(letters(field.rpartition(".")[2]) for field in secret_fields)


def _is_known(suspect: Suspect, location: str, operation: catalogue.Operation) -> bool:
    """Whether the operation has such a field, or the misspelt name is itself a field that is secret nowhere."""
    pointer = "/" + "/".join(suspect.place)
    if catalogue.field_type(operation.method, operation.path, location, pointer) is not None:
        return True
    name = suspect.place[-1]
    return suspect.slips > 0 and catalogue.is_field(name) and name not in catalogue.secret_names()


def _check_path(request: Request, operation: catalogue.Operation | None) -> None:
    """Refuse a path that may be misspelt and would carry the secrets of the operation that was meant in plain."""
    payloads = [payload for name in LOCATIONS if (payload := getattr(request, name))]
    if not any(named(payload, catalogue.secret_names()) for payload in payloads):
        return
    for meant, names in _named_like(request, operation, payloads):
        raise ConfigurationError(
            "path",
            f"{request.method} {request.template} is not {meant.method} {meant.path}, and {', '.join(names)} "
            "would go out in plain",
            f"If {meant.method} {meant.path} was meant, spell it so; else mark the value with Secret",
        )


def _named_like(
    request: Request, operation: catalogue.Operation | None, payloads: list[Any]
) -> Iterator[tuple[catalogue.Operation, list[str]]]:
    """The operations that the path resembles, each with the members that are named like its secrets."""
    for meant, is_misspelt in catalogue.resembling(request.path, operation):
        secrets = {field.rpartition(".")[2] for field in meant.secret_fields}
        if not is_misspelt:  # with a word more or less it may be another operation: what is always secret counts
            secrets &= catalogue.always_secret_names()
        found = [name for payload in payloads for name in named(payload, sorted(secrets), exactly=not is_misspelt)]
        if found:
            yield meant, found
