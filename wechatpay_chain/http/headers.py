"""HTTP headers: immutable, looked up in any case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

D = TypeVar("D")


_SIGNED = "authorization"


class Headers(Mapping[str, str]):
    """HTTP headers: immutable, looked up in any case, repeated names joined with a comma.

    Args:
        items: a mapping, or (name, value) pairs.

    Raises:
        TypeError: a name or a value that is not a string.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Callers may be untyped, so nothing is taken for granted here.
        pairs: list[tuple[Any, Any]] = [*(items.items() if isinstance(items, Mapping) else items)]
        names, values = zip(*pairs, strict=True) if pairs else ((), ())
        for kind in {*map(type, names), *map(type, values)}:
            if not issubclass(kind, str):
                raise TypeError(f"headers are str to str, and there is a {kind.__name__}")
        lower = [*map(str.lower, names)]
        # Both by the name in small letters, in the same order: how it was written, and the value.
        self._names: dict[str, str] = dict(zip(lower, names, strict=True))
        self._values: dict[str, str] = dict(zip(lower, values, strict=True))
        if len(self._names) < len(pairs):
            self._names, self._values = _joined(pairs)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | D) -> str | D: ...

    def get(self, name: str, /, default: str | D | None = None) -> str | D | None:
        """The value of a header, in whatever case its name is given; `default` where there is none."""
        return self._values.get(name.lower(), default)

    def several(self, names: Iterable[str]) -> Iterator[str | None]:
        """The values of several headers, whose names are given in small letters; None for each that isn't there."""
        return map(self._values.get, names)

    def as_dict(self) -> dict[str, str]:
        """Names, as they were written, to values."""
        return dict(zip(self._names.values(), self._values.values(), strict=True))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        # Names only: Authorization and others hold what no log should.
        return f"<Headers {', '.join(self)}>"

    def __copy__(self) -> Headers:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Headers:
        return self

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        # An answer is pickled with its request, and nobody needs a signature that was sent.
        return Headers, ({name: value for name, value in self.as_dict().items() if name.lower() != _SIGNED},)

    def plus(self, name: str, value: str) -> Headers:
        """These headers with one more, or with another value for it."""
        lower = name.lower()
        headers = object.__new__(Headers)
        headers._names, headers._values = self._names | {lower: name}, self._values | {lower: value}
        return headers

    def merge(self, headers: Mapping[str, str]) -> Headers:
        """These headers with `headers` laid over them."""
        laid: Headers = headers if isinstance(headers, Headers) else Headers(headers)
        merged = object.__new__(Headers)
        merged._names, merged._values = self._names | laid._names, self._values | laid._values
        return merged


def _joined(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for name, value in pairs:
        lower = name.lower()
        values[lower] = f"{values[lower]}, {value}" if lower in values else value
        names.setdefault(lower, name)
    return names, values


NO_HEADERS = Headers()
