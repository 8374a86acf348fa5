"""What is known of WeChat Pay's operations and notifications. Everything is read from the package on first use."""

from __future__ import annotations

from .facts import Operation, Rate, find

__all__ = ["Operation", "Rate", "find"]
