"""Going through a list that the platform gives out in pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol, cast

from .._both_clients import iterator_for_both_clients
from ..errors import DecodeError
from ..http.response import Response

_LIMIT = 50


class Gettable(Protocol):
    """What is needed of a chain."""

    @property
    def get(self) -> Callable[..., Awaitable[Response[Any]]]:
        """Calls the path."""
        ...


@iterator_for_both_clients
async def paginate(
    chain: Gettable,
    /,
    params: Mapping[str, Any] | None = None,
    *,
    member: str = "data",
    limit: int = _LIMIT,
    limit_name: str = "limit",
    offset_name: str = "offset",
    by: Literal["item", "page"] = "item",
    first: int = 0,
    **options: Any,
) -> AsyncGenerator[Any, None]:
    """The items of all pages, one by one.

        complaints = paginate(wxpay.v3.merchantService.complaintsV2, {"begin_date": ..., "end_date": ...})
        async for complaint in complaints: ...  # with a chain of `SyncWeChatPay`: for complaint in complaints

    Args:
        chain: the path.
        params: query parameters but for those of the page.
        member: the member of the answer that holds a page's items.
        limit: items of a page.
        limit_name: the parameter that takes it.
        offset_name: the parameter that says where the page begins.
        by: whether that counts items or pages.
        first: its value for the first page.
        options: further keywords of the verb `get`, such as placeholders.

    Raises:
        DecodeError: an answer holds no such list.
        WeChatPayError: as any call.
    """
    at, seen = first, 0
    while True:
        answer = await chain.get(params={**(params or {}), limit_name: limit, offset_name: at}, **options)
        page, total = _page(answer.json(), member)
        for item in page:
            yield item
        seen += len(page)
        # With a total a short page is not the last one: the platform may give fewer items than were asked for.
        if not page or (seen >= total if isinstance(total, int) else len(page) < limit):
            return
        at += len(page) if by == "item" else 1


def _page(content: object, member: str) -> tuple[list[Any], object]:
    if isinstance(content, dict):
        members = cast("dict[str, Any]", content)
        page = members.get(member, [])
        if isinstance(page, list):
            listed: list[Any] = page  # pyright: ignore[reportUnknownVariableType]: JSON
            return listed, members.get("total_count")
    raise DecodeError(f"the answer holds no list {member!r}")
