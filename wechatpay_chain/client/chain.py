"""The chain: a path under construction, and the verbs that call it.

`wxpay.v3.pay.transactions.native.post(json=...)`, `wxpay["v3/pay/transactions/native"].post(json=...)` and
`wxpay.chain("v3/pay/transactions/native").post(json=...)` are three spellings of one call. Building a chain does no
I/O and needs no list of operations; `path.py` holds the rules of spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Never, NoReturn, Self, TypeVar
from urllib.parse import unquote

from .. import catalogue
from ..catalogue.hints import note_closest
from ..errors import ConfigurationError, type_of
from ..http.headers import NO_HEADERS, Headers
from ..http.names import nearest
from ..http.operation import Operation
from ..http.path import KEYWORDS, attribute_segment, expand, join, literal_path
from ..http.request import Request

R = TypeVar("R")

# What paths begin with, as attributes: APIv3, APIv2 and what follows them, Hong Kong, overseas, brands.
_ROOT = re.compile(r"v(?:[2-9]|[1-9][0-9]+)|hk|global_|brand")


class Node(Generic[R]):
    """The base class of clients and chains: attributes and brackets that extend the path.

    On a client only the names of roots (`v3`, `hk`, ...) begin a path, so that a misspelt method is an error and no
    call. Attribute names come from source code and are few, so each child is cached in its parent's `__dict__`. Texts
    in brackets may come from anywhere and are not cached.
    """

    _path: str
    _send: Callable[[Request], R]

    if not TYPE_CHECKING:  # for a checker only the attributes of the typed tree exist

        def __getattr__(self, name: str) -> Chain[R]:
            if not _ROOT.fullmatch(name):
                raise _no_attribute(self, name)
            return self._child(name)

    def _child(self, name: str) -> Chain[R]:
        child = Chain(self._send, join(self._path, "/" + attribute_segment(name)))
        self.__dict__[name] = child
        return child

    def __getitem__(self, literal: str) -> Chain[R]:
        if not isinstance(literal, str):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
            raise TypeError(
                f"a path in brackets is a str, not {type_of(literal)}; a value belongs in a placeholder: "
                "chain['{id}'].get(id=...)"
            )
        try:
            return Chain(self._send, join(self._path, literal_path(literal)))
        except ConfigurationError as error:
            note_closest(error, "", literal)
            raise

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *catalogue.children(self._path)]

    # Copies would share the client, whose keys and connections can't be copied.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    # A class with __getitem__ would otherwise be iterable, and `in` would iterate.
    __iter__ = None
    __contains__ = None


class Chain(Node[R]):
    """An immutable path of the platform, and the five verbs that call it.

    Every verb takes, by keyword only:

    - `json`: the payload, a dict; it is serialised once, and its secret fields are encrypted;
    - `params`: query parameters, a dict;
    - `headers`: further headers, such as `Accept-Language`;
    - `file`, `meta`: an upload's file (`Path` or `bytes`) and further members of its `meta` part;
    - `xml`: the parameters of an APIv2 call;
    - `timeout`: seconds for the whole call;
    - `retry`: whether a write may be repeated after it may have arrived;
    - `security`: whether to present the merchant certificate (APIv2);
    - one keyword for each `{placeholder}` of the path: `str` or `int`.

    Every verb raises `TypeError` for a missing or unknown placeholder, `ConfigurationError` before anything is sent,
    and `TransportError`, `TrustError` or `APIError` after.

    Args:
        send: takes the request; what it returns the verbs return.
        path: the path so far, with a leading slash.
    """

    def __init__(self, send: Callable[[Request], R], path: str) -> None:
        self.__dict__.update(_send=send, _path=path)

    def __getattr__(self, name: str) -> Chain[R]:
        return self._child(name)

    def get(self, *payload: Never, **options: Any) -> R:
        """Call the path with GET. Keywords as in the class's description."""
        if payload:
            del payload, options  # a traceback may show this frame
            raise _positional("get")
        return self._send(_request("GET", self._path, options))

    def post(self, *payload: Never, **options: Any) -> R:
        """Call the path with POST. Keywords as in the class's description."""
        if payload:
            del payload, options  # a traceback may show this frame
            raise _positional("post")
        return self._send(_request("POST", self._path, options))

    def put(self, *payload: Never, **options: Any) -> R:
        """Call the path with PUT. Keywords as in the class's description."""
        if payload:
            del payload, options  # a traceback may show this frame
            raise _positional("put")
        return self._send(_request("PUT", self._path, options))

    def patch(self, *payload: Never, **options: Any) -> R:
        """Call the path with PATCH. Keywords as in the class's description."""
        if payload:
            del payload, options  # a traceback may show this frame
            raise _positional("patch")
        return self._send(_request("PATCH", self._path, options))

    def delete(self, *payload: Never, **options: Any) -> R:
        """Call the path with DELETE. Keywords as in the class's description."""
        if payload:
            del payload, options  # a traceback may show this frame
            raise _positional("delete")
        return self._send(_request("DELETE", self._path, options))

    if not TYPE_CHECKING:  # a checker refuses to await what has no __await__

        def __await__(self) -> NoReturn:
            raise _without_verb(self._path)

    def __str__(self) -> str:
        return self._path

    def __format__(self, specification: str) -> str:
        return format(self._path, specification)

    def __repr__(self) -> str:
        return f"<Chain {self._path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chain) and self._path == other._path and self._send == other._send

    def __hash__(self) -> int:
        return hash((self._path, self._send))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a chain is immutable: {name!r} can't be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a chain is immutable: {name!r} can't be deleted")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a chain holds its client and can't be pickled: send its path, str(chain) == {self._path!r}, and call "
            "wxpay.chain(path) on the other side"
        )


def _without_verb(path: str) -> TypeError:
    """The error for awaiting a path as if it were a call."""
    verb = next((operation.method for operation in catalogue.at(path)), "GET").lower()
    return TypeError(f"{path} is a path, and only a verb makes a call: write .{verb}(...)")


def _no_attribute(client: object, name: str) -> AttributeError:
    text = f"{type(client).__name__!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(text)
    close = nearest(name, (known for known in dir(client) if not known.startswith("_")))
    hint = f"did you mean {close!r}? " if close else ""
    return AttributeError(
        f"{text}: {hint}Paths begin with v2, v3, hk, global_ or brand; any other stands in brackets: wxpay['/path']"
    )


def _decoded(operation: Operation | None, values: dict[str, Any]) -> dict[str, Any]:
    """The values of placeholders. Those that the platform returns percent-encoded are decoded, to be encoded once."""
    if not any(isinstance(value, str) and "%" in value for value in values.values()):
        return values
    encoded = operation.encoded_values if operation else ()
    return {name: unquote(value) if name in encoded else value for name, value in values.items()}


def _positional(verb: str) -> TypeError:
    """The error for a positional argument of a verb."""
    return TypeError(
        f"{verb}() takes everything by name: give the payload by name, {verb}(json={{...}}), of APIv2 "
        f"{verb}(xml={{...}}), and query parameters as {verb}(params={{...}})"
    )


def _request(method: str, template: str, options: dict[str, Any]) -> Request:
    values: dict[str, Any] = {}
    try:
        headers = options.pop("headers", None)
        operation = catalogue.find(method, template)
        if not KEYWORDS.issuperset(options):
            values = _decoded(operation, {name: options.pop(name) for name in options.keys() - KEYWORDS})
        return Request.of(
            {
                **options,
                "method": method,
                "template": template,
                "path": expand(template, values) if values or "{" in template else template,
                "headers": Headers(headers) if headers else NO_HEADERS,
                "operation": operation,
                "unknown": None if operation else (method, template),
            }
        )
    finally:
        # The verb's frame, which a traceback may show, holds the same dict. `values` too: a payload under a wrong name
        # counts as the value of a placeholder.
        options.clear()
        values.clear()
