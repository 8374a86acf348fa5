"""The headers of an answer, as aiohttp hands them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, overload

from ..http.headers import Headers

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

D = TypeVar("D")


class AnswerHeaders(Headers):
    """Headers that are looked up where they are: few of an answer's are ever asked for (`python -m benchmarks.share`).

    Args:
        came: the headers of the answer, several of one name among them.
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

    def several(self, names: Iterable[str]) -> Iterator[str | None]:
        """The values of several headers; None for each that isn't there."""
        return map(self.get, names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._came

    def __getattr__(self, name: str) -> dict[str, str]:
        """`_names` and `_values`, once somebody needs all headers."""
        if name not in {"_names", "_values"}:
            raise AttributeError(name)
        super().__init__(self._came.items())
        return self._names if name == "_names" else self._values
