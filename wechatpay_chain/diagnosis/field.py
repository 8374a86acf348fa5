"""The field that a refusal names: whether it was sent at all.

https://pay.weixin.qq.com/docs/merchant/development/interface-rules/basic-rules.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from ..errors import Cause
from ..http.names import nearest

_ABSENT = object()
_LOCATIONS = ("body", "query")
_LONGEST_POINTER = 200
# Most products name the field in their text alone: 输入源“/body/payer/openid”映射到值字段“openid”…
_SOURCE = re.compile(f"输入源“/(body|query)(/[^”]{{1,{_LONGEST_POINTER}}})”")
_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    dict: "an object",
    list: "an array",
}


def named(detail: object, reason: str) -> tuple[str, str] | None:
    """The field that a refusal of APIv3 names; None where it names none in a body or in a query.

    Args:
        detail: the platform's `detail`, of any shape.
        reason: the platform's text.

    Returns:
        `body` or `query`, and the field's JSON pointer there.
    """
    members = _members(detail)
    location, field = members.get("location"), members.get("field")
    if isinstance(field, str) and isinstance(location, str) and location in _LOCATIONS and field:
        return location, f"/{field.removeprefix('/')}"[:_LONGEST_POINTER]
    found = _SOURCE.search(reason)
    return (found[1], found[2]) if found else None


def cause(pointer: str, sent: object) -> Cause:
    """Why a field was refused: it wasn't sent, or its value is wrong. The value isn't shown.

    Args:
        pointer: JSON pointer of the field.
        sent: the JSON, or the query parameters, that were sent.
    """
    parent = sent
    for token in pointer.split("/")[1:]:
        parent, sent = sent, _member(sent, token.replace("~1", "/").replace("~0", "~"))
    if sent is not _ABSENT:
        text = f"the value of {pointer} is malformed or not allowed; it was sent, as {_kind(sent)}"
        return Cause("field-malformed", text, "Compare it with the page of the operation", "likely")
    close = nearest(pointer.rpartition("/")[2], _members(parent))
    meant = f"; was {close!r}, which was sent, meant for it?" if close else ""
    return Cause("field-missing", f"{pointer} was not sent", f"Give it{meant}", "proven")


def _members(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _member(parent: object, token: str) -> object:
    if not isinstance(parent, list):
        return _members(parent).get(token, _ABSENT)
    items = cast("list[object]", parent)
    return items[int(token)] if token.isdecimal() and int(token) < len(items) else _ABSENT


def _kind(value: object) -> str:
    kind = _KINDS.get(type(value), "null")
    return f"{kind} that is empty" if value in ("", [], {}) else kind
