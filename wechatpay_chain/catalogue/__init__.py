"""What is known of WeChat Pay's operations and notifications. Everything is read from the package on first use.

from wechatpay_chain import catalogue

catalogue.search("解管")                                # what is there for it?
print(catalogue.describe("v3/refund/domestic/refunds"))  # what does it take?
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy
from ..http.operation import AnswerSignature, Operation, Rate
from .facts import find, secret_names

if TYPE_CHECKING:
    from .browsing import at, children, closest, operations, resembling, respelt_of
    from .description import constraints, describe, pages, remarks, type_text
    from .notifications import Event, events, events_named, find_events
    from .records import always_secret_names, is_field
    from .refusals import KnownRefusal, known_refusals
    from .samples import sample
    from .searching import search, search_events
    from .sources import notification_sources
    from .spelling import spell
    from .validation import Fault, field_type, validate

__all__ = [
    "AnswerSignature",
    "Event",
    "Fault",
    "KnownRefusal",
    "Operation",
    "Rate",
    "always_secret_names",
    "at",
    "children",
    "closest",
    "constraints",
    "describe",
    "events",
    "events_named",
    "field_type",
    "find",
    "find_events",
    "is_field",
    "known_refusals",
    "notification_sources",
    "operations",
    "pages",
    "remarks",
    "resembling",
    "respelt_of",
    "sample",
    "search",
    "search_events",
    "secret_names",
    "spell",
    "type_text",
    "validate",
]

# Loaded on first use: a call needs the facts of its operation alone.
__getattr__, __dir__ = lazy(
    __name__,
    {
        "Event": "notifications",
        "Fault": "validation",
        "KnownRefusal": "refusals",
        "always_secret_names": "records",
        "at": "browsing",
        "children": "browsing",
        "closest": "browsing",
        "constraints": "description",
        "describe": "description",
        "events": "notifications",
        "events_named": "notifications",
        "field_type": "validation",
        "find_events": "notifications",
        "is_field": "records",
        "known_refusals": "refusals",
        "notification_sources": "sources",
        "operations": "browsing",
        "pages": "description",
        "remarks": "description",
        "resembling": "browsing",
        "respelt_of": "browsing",
        "sample": "samples",
        "search": "searching",
        "search_events": "searching",
        "spell": "spelling",
        "type_text": "description",
        "validate": "validation",
    },
)
