"""Pages of items: an input is read and put into the journal many items at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from itertools import islice

from .._threads import in_thread
from ..errors import ConfigurationError, type_of
from .items import Item

_PAGE = 500
# Seconds for which items of an asynchronous input are gathered into a page.
_GATHER = 0.02


async def pages(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[list[Item]]:
    """Pages of items. If the input raises, the items before that are yielded first."""
    if isinstance(items, AsyncIterable):
        async for page in _gathered(aiter(items)):
            yield page
        return
    if not isinstance(items, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError("items", f"{type_of(items)} was found", "Give read_csv(...), or a list of Item(...)")
    iterator = iter(items)
    while True:
        page = list[Item]()
        try:
            await in_thread(page.extend, islice(iterator, _PAGE))
        except Exception:  # the caller's iterable may raise anything; the items before that must not get lost
            yield page
            raise
        if not page:
            return
        yield page


async def _gathered(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    """Pages of items that come one by one: what has come after a short time is a page, full or not."""

    async def following() -> Item | None:
        return await anext(items, None)

    page = list[Item]()
    coming = asyncio.create_task(following())
    try:
        while True:
            await asyncio.wait([coming], timeout=_GATHER if page else None)
            if not coming.done():
                yield page
                page = []
                continue
            try:
                item = coming.result()
            except Exception:  # as above
                yield page
                raise
            if item is None:
                yield page
                return
            page.append(item)
            coming = asyncio.create_task(following())
            if len(page) == _PAGE:
                yield page
                page = []
    finally:
        coming.cancel()
