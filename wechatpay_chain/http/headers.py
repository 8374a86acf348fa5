"""HTTP headers: immutable, looked up in any case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar, cast, overload

from ..errors import printable, type_of

D = TypeVar("D")


_SIGNED = "authorization"
_STR: frozenset[type[Any]] = frozenset({str})


class Headers(Mapping[str, str]):
    """HTTP headers: immutable, looked up in any case, repeated names joined with a comma.

    Args:
        items: a mapping, or (name, value) pairs.

    Raises:
        TypeError: something else was given, or a name or a value that is not a string.
    """

    __slots__ = ("_held",)

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Callers may be untyped.
        pairs: list[tuple[Any, Any]] = [*items.items()] if isinstance(items, Mapping) else _pairs(items)
        kinds: set[type[Any]] = {type(text) for pair in pairs for text in pair}
        if kinds - _STR:
            pairs = _as_text(pairs)
        # Name in lower case -> the name as written, and the value.
        self._held: dict[str, tuple[str, str]] = {str.lower(name): (name, value) for name, value in pairs}
        if len(self._held) < len(pairs):
            self._held = _joined(pairs)

    def __getitem__(self, name: str) -> str:
        return self._held[name.lower()][1]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | D) -> str | D: ...

    def get(self, name: str, /, default: str | D | None = None) -> str | D | None:
        """The value of a header, in whatever case its name is given; `default` where there is none."""
        held = self._held.get(name.lower())
        return default if held is None else held[1]

    def several(self, names: tuple[str, ...]) -> Iterable[str | None]:
        """The values of several headers; None for each that isn't there."""
        return map(self.get, names)

    def pairs(self) -> list[tuple[str, str]]:
        """Names as they were written, and values; faster than `items` (`python -m benchmarks.pipeline`)."""
        return [*self._held.values()]

    def as_dict(self) -> dict[str, str]:
        """Names, as they were written, to values."""
        return dict(self._held.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self._held)

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        # Names only: the values of Authorization and others belong in no log.
        return f"<Headers {', '.join(self)}>"

    def __copy__(self) -> Headers:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Headers:
        return self

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        # Without Authorization: an answer is pickled with its request, whose signature is of no use any more.
        return Headers, ({name: value for name, value in self.as_dict().items() if name.lower() != _SIGNED},)

    def plus(self, name: str, value: str) -> Headers:
        """These headers with one more, or with another value for it."""
        return _made({**self._held, name.lower(): (name, value)})

    def merge(self, headers: Mapping[str, str]) -> Headers:
        """These headers with `headers` laid over them."""
        laid: Headers = headers if isinstance(headers, Headers) else Headers(headers)
        return _made(self._held | laid._held)


def request_id(headers: Mapping[str, str]) -> str | None:
    """The platform's `Request-ID` of an answer; None where there is none.

    Surrogates, which stand for bytes that aren't UTF-8, and control characters are escaped, so that it can be stored,
    logged and sent on as text.
    """
    found = headers.get("Request-ID")
    return None if found is None else printable(found)


def _made(held: dict[str, tuple[str, str]]) -> Headers:
    headers = object.__new__(Headers)
    headers._held = held  # pyright: ignore[reportPrivateUsage]: of this module
    return headers


def _pairs(items: Any) -> list[tuple[Any, Any]]:
    if hasattr(items, "__iter__"):
        pairs = [*items]
        if all(isinstance(pair, tuple | list) and len(cast("list[Any]", pair)) == 2 for pair in pairs):
            return pairs
    raise TypeError(
        f"headers are a mapping, or pairs of a name and a value, and not {type_of(items)}: "
        "give {'Accept-Language': 'en'}"
    )


def _as_text(pairs: list[tuple[Any, Any]]) -> list[tuple[str, str]]:
    """Names and values as plain strings: `str()` of an enumeration's member would be another text."""
    for text in chain.from_iterable(pairs):
        if not isinstance(text, str):
            raise TypeError(f"headers are str to str, and there is {type_of(text)}")
    return [(str.__str__(name), str.__str__(value)) for name, value in pairs]


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    held: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        lower = name.lower()
        written, before = held.get(lower, (name, ""))
        held[lower] = (written, f"{before}, {value}" if lower in held else value)
    return held


NO_HEADERS = Headers()
