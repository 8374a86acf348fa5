"""The headers of an answer, looked up in aiohttp's own mapping."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from typing import TypeVar, overload

from multidict import CIMultiDictProxy, istr

from ..http.headers import Headers

D = TypeVar("D")


class AnswerHeaders(Headers):
    """Headers that are not copied, because few of them are ever looked up (`python -m benchmarks.share`).

    Args:
        came: the headers of the answer; a name may occur several times.
    """

    __slots__ = ("_came",)

    def __init__(self, came: CIMultiDictProxy[str]) -> None:
        self._came = came

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._came.getall(name))

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | D) -> str | D: ...

    def get(self, name: str, /, default: str | D | None = None) -> str | D | None:
        """The value of a header, in whatever case its name is given; `default` where there is none."""
        found = self._came.getall(name, None)
        return default if found is None else ", ".join(found)

    def several(self, names: tuple[str, ...]) -> Iterable[str | None]:
        """The values of several headers; None for each that isn't there."""
        all_found = map(self._came.getall, _in_any_case(names), repeat(None))
        return [None if found is None else ", ".join(found) for found in all_found]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._came

    def __getattr__(self, name: str) -> dict[str, tuple[str, str]]:
        """`_held`, made when all headers are needed."""
        if name != "_held":
            raise AttributeError(name)
        super().__init__(self._came.items())
        return self._held


# Cached, because the same few tuples recur; names of type `istr` are found in half the time (`benchmarks.share`).
@lru_cache(maxsize=8)
def _in_any_case(names: tuple[str, ...]) -> tuple[istr, ...]:
    return tuple(map(istr, names))
