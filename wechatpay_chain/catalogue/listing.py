"""How each paged list names its page, page size and position: products differ in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from .facts import find
from .records import Fields, record

By = Literal["item", "page", "token"]

_LIMITS = ("limit", "page_size", "count")
_POSITIONS: dict[str, By] = {"offset": "item", "page_token": "token", "page_index": "page"}
TOTALS = ("total_count", "total_num")
"""Names of the total number of items, also in answers that the catalogue doesn't know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The names of one list.

    Attributes:
        member: the member of the answer that holds a page's items.
        limit_name: the parameter that says how many items a page has.
        position_name: the parameter that says where a page begins.
        by: whether that counts items or pages, or is a token from the answer before.
        most: items that a page may have; None where it isn't known.
    """

    member: str = "data"
    limit_name: str = "limit"
    position_name: str = "offset"
    by: By = "item"
    most: int | None = None


@cache
def listing(template: str) -> Listing | None:
    """The names in the list that a GET of this path returns; None where the catalogue knows no such list."""
    operation = find("GET", template)
    if operation is None:
        return None
    known = record("GET", operation.path)
    query: Fields = known.get("params", {}).get("query", {})
    fields: Fields = known["resp"].get("fields", {})
    lists = [name for name, field in fields.items() if field["type"].endswith("[]")]
    limit = next((name for name in _LIMITS if name in query), None)
    position = next((name for name in _POSITIONS if name in query), None)
    if not lists or limit is None or position is None:
        return None
    return Listing(
        member="data" if "data" in lists else lists[0],
        limit_name=limit,
        position_name=position,
        by=_POSITIONS[position],
        most=query[limit].get("maximum"),
    )
