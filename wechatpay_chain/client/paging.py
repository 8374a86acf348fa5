"""`paginate`: all items of a list that the platform returns in pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, cast, get_args

from .._arguments import COUNT, check, instance, one_of, with_methods
from .._both_clients import iterator_for_both_clients
from ..catalogue.listing import TOTALS, By, Listing, listing
from ..errors import DecodeError
from ..http.response import Response

_LIMIT = 50
_NEXT_TOKEN = "next_page_token"  # noqa: S105 - the name of a member


class Gettable(Protocol):
    """The method of a chain that is used here."""

    @property
    def get(self) -> Callable[..., Awaitable[Response[Any]]]:
        """Calls the path."""
        ...


_TAKES = {
    "chain": with_methods("get", remedy="Give the path without a verb: wxpay.v3.merchantService.complaintsV2"),
    "params": instance(Mapping | None, "Give a dict of query parameters"),
    "limit": COUNT.or_none(),
    "by": one_of(get_args(By), f"Give one of {', '.join(get_args(By))}").or_none(),
}


@iterator_for_both_clients
async def paginate(
    chain: Gettable,
    /,
    params: Mapping[str, Any] | None = None,
    *,
    limit: int | None = None,
    member: str | None = None,
    limit_name: str | None = None,
    offset_name: str | None = None,
    by: By | None = None,
    first: int | None = None,
    **options: Any,
) -> AsyncGenerator[Any, None]:
    """The items of all pages, one by one.

        complaints = paginate(wxpay.v3.merchantService.complaintsV2, {"begin_date": ..., "end_date": ...})
        async for complaint in complaints: ...  # with a chain of `SyncWeChatPay`: for complaint in complaints

    The catalogue knows the names of the page, its size and its position in each list; give them for a list that is
    newer than the catalogue. A list without a total is read until a page is empty.

    Args:
        chain: the path.
        params: query parameters but for those of the page.
        limit: items of a page; by default 50, or as many as the list allows.
        member: the member of the answer that holds a page's items.
        limit_name: the parameter that takes the limit.
        offset_name: the parameter that says where the page begins.
        by: whether that counts items or pages, or takes the `next_page_token` of the answer before.
        first: its value for the first page; by default 0, and 1 where pages are counted.
        options: further keywords of the verb `get`, such as placeholders.

    Raises:
        ConfigurationError: an argument is wrong.
        DecodeError: an answer holds no such list, or holds it under another name; or the same page comes twice.
        WeChatPayError: as any call.
    """
    check(_TAKES, chain=chain, params=params, limit=limit, by=by)
    names = _names(str(chain), member=member, limit_name=limit_name, position_name=offset_name, by=by)
    asked = limit if limit is not None else min(_LIMIT, names.most or _LIMIT)
    at: int | str | None = _first(names.by) if first is None else first
    seen, before = 0, list[Any]()
    while True:
        position = {} if at is None else {names.position_name: at}
        answer = await chain.get(params={**(params or {}), names.limit_name: asked, **position}, **options)
        content = answer.json()
        page, total = _page(content, names.member), _total(content)
        if page and page == before:
            if names.by == "item" and total is None and len(page) < asked:
                return  # the list ignores offsets, and this was all of it
            raise DecodeError(f"the list gave the same page twice: it doesn't go by {names.position_name!r}")
        for item in page:
            yield item
        seen, before = seen + len(page), page
        if names.by == "token":
            at = content.get(_NEXT_TOKEN)
            if not at:
                return
            continue
        # A short page is not the last one: the platform may give fewer items than were asked for.
        if not page or seen == total:
            return
        at = seen + (first or 0) if names.by == "item" else int(at or 0) + 1


def _names(path: str, **given: Any) -> Listing:
    known = listing(path) or Listing()
    return replace(known, **{name: value for name, value in given.items() if value is not None})


def _first(by: By) -> int | None:
    return {"item": 0, "page": 1, "token": None}[by]


def _page(content: object, member: str) -> list[Any]:
    if not isinstance(content, dict):
        raise DecodeError(f"the answer holds no list {member!r}")
    members = cast("dict[str, Any]", content)
    page = members.get(member)
    if isinstance(page, list):
        return page  # pyright: ignore[reportUnknownVariableType]: JSON
    others = [name for name, value in _leaves(members) if isinstance(value, list) and value]
    if page is not None or others:
        raise DecodeError(
            f"the answer holds no list {member!r}"
            + (f", but {', '.join(map(repr, others))}: say which by member=" if others else "")
        )
    return []  # an empty list is left out of some answers


def _total(content: Mapping[str, Any]) -> int | None:
    """The total number of items, from the answer itself or from an object in it; None if it has none."""
    told = {name: value for name, value in _leaves(content) if name.rpartition(".")[2] in TOTALS and type(value) is int}
    beside = next((told[name] for name in TOTALS if name in told), None)
    inside = set(told.values())
    return beside if beside is not None or len(inside) != 1 else inside.pop()


def _leaves(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of an answer, and those of its objects, one level deep."""
    for name, value in members.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in cast("dict[str, Any]", value).items())
        else:
            yield name, value
