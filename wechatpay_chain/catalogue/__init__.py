"""What is known of WeChat Pay's operations and notifications. Everything is read from the package on first use.

from wechatpay_chain import catalogue

catalogue.search("解管")                                # what is there for it?
print(catalogue.describe("v3/refund/domestic/refunds"))  # what does it take?
"""

from __future__ import annotations

from ..http.operation import AnswerSignature, Operation, Rate
from .browsing import at, children, closest, operations, resembling
from .description import describe, manners, pages
from .events import Event, events, find_events
from .facts import find, secret_names
from .records import always_secret_names, is_field
from .refusals import KnownRefusal, known_refusals
from .searching import search, search_events
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
    "describe",
    "events",
    "field_type",
    "find",
    "find_events",
    "is_field",
    "known_refusals",
    "manners",
    "operations",
    "pages",
    "resembling",
    "search",
    "search_events",
    "secret_names",
    "spell",
    "validate",
]
