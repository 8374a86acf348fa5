"""The signature headers of a notification, from any object that frameworks keep headers in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard

from ..errors import ConfigurationError, SignatureError, type_of
from ..http.headers import Headers
from ..wire import v3

MOST_HEADERS = 1000
"""A WSGI environment holds the process's environment variables as well, so this is far above any real request."""

_REMEDY = "Give the headers as the framework has them: request.headers, a WSGI environ, or an ASGI scope['headers']"
_AROUND = "Give the headers alone: request.headers, event['headers'], or an ASGI scope['headers']"


class HasItems(Protocol):
    """A mapping, or something like one that holds repeated names."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Names and values."""
        ...


HeaderSource = HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""Headers in any case: a mapping, a multidict, a WSGI environ (`HTTP_...`), or pairs of str or bytes (ASGI).

A value may stand in a list of its own, as gateways have it (`multiValueHeaders`).
"""

_SIGNED = frozenset(v3.SIGNED_HEADERS)

_names: dict[str | bytes, str] = {}
for _name in (
    v3.NONCE_HEADER,
    v3.SERIAL_HEADER,
    v3.SIGNATURE_HEADER,
    v3.SIGNATURE_TYPE_HEADER,
    v3.TIMESTAMP_HEADER,
):
    _lower = _name.lower()
    _names |= {_lower: _name, _lower.encode(): _name, "http_" + _lower.replace("-", "_"): _name}


def signature_headers(source: HeaderSource) -> dict[str, str]:
    """The signature headers, under the names that `wire.v3` uses.

    Raises:
        SignatureError: one of them is there twice, or there are too many headers.
        ConfigurationError: these are no headers.
    """
    found: dict[str, str] = {}
    known_as = _names.get
    try:
        for name, value in _pairs(source):
            known = known_as(name.lower())
            if known is None:
                continue
            if known in found:
                raise _twice(known)
            if type(value) is str:
                found[known] = value
            elif type(value) is bytes:
                found[known] = value.decode("latin-1")
            else:
                found[known] = _text(value, known)
    except ConfigurationError:
        raise
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError("headers", f"{type_of(source)} was given, which holds no headers", _REMEDY) from None
    return found


def verifying_headers(source: HeaderSource) -> Mapping[str, str]:
    """The signature headers; if some are missing, all headers, because these may show why.

    Raises:
        SignatureError: as `signature_headers`.
        ConfigurationError: these are no headers, or an object that holds headers.
    """
    if isinstance(source, Iterator):
        source = [*source]  # it can't be read twice
    found = signature_headers(source)
    return found if found.keys() >= _SIGNED else all_headers(source)


def all_headers(source: HeaderSource) -> Headers:
    """All headers under their HTTP names, to find out why signature headers are missing.

    Raises:
        ConfigurationError: this is an object that holds the headers: an event, a scope, a request.
    """
    pairs = _pairs(source)
    if any(isinstance(pair, Mapping) for pair in pairs):
        raise ConfigurationError("headers", f"{type_of(source)} of mappings was given", _REMEDY)
    if any(name == "headers" and not _is_text(value) for name, value in pairs):
        raise ConfigurationError("headers", f"{type_of(source)} with more than headers was given", _AROUND)
    return Headers([(_plain(name), _text(value, _plain(name))) for name, value in pairs if _is_text(value)])


def _plain(name: str | bytes) -> str:
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return text.removeprefix("HTTP_").replace("_", "-") if text.startswith("HTTP_") else text


def _is_text(value: object) -> bool:
    """Whether it is a text: WSGI and others keep other objects among the headers."""
    return isinstance(value, str | bytes)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether it is a list of values, as gateways and parsers keep for each name."""
    return isinstance(value, list | tuple) and value not in ([], ())


def _pairs(source: Any) -> Any:
    pairs = source.items() if hasattr(source, "items") else source
    if not hasattr(pairs, "__len__"):
        pairs = list(pairs)
    if len(pairs) > MOST_HEADERS:
        raise SignatureError(f"it has more than {MOST_HEADERS} headers: don't believe it")
    return pairs


def _twice(name: str) -> SignatureError:
    return SignatureError(f"{name} is there twice. The platform sends it once: don't believe it")


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if _is_list(value):
        if len(value) > 1:
            raise _twice(name)
        return _text(value[0], name)
    raise ConfigurationError(f"headers[{name!r}]", f"{type_of(value)} was found", _REMEDY)
