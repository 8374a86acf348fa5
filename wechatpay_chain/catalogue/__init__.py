"""What is known of WeChat Pay's operations and notifications. Everything is read from the package on first use.

from wechatpay_chain import catalogue

catalogue.search("解管")                                # what is there for it?
print(catalogue.describe("v3/refund/domestic/refunds"))  # what does it take?
"""

from __future__ import annotations

from .browsing import at, children, closest, operations, resembling
from .description import describe, manners, pages
from .events import Event, events, find_events
from .facts import AnswerSignature, Operation, Rate, find
from .searching import search
from .spelling import spell
from .validation import Fault, field_type, validate

__all__ = [
    "AnswerSignature",
    "Event",
    "Fault",
    "Operation",
    "Rate",
    "at",
    "children",
    "closest",
    "describe",
    "events",
    "field_type",
    "find",
    "find_events",
    "manners",
    "operations",
    "pages",
    "resembling",
    "search",
    "spell",
    "validate",
]
