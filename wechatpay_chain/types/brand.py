"""Payloads and answers of the operations under `/brand/...`; see the package."""

from __future__ import annotations

from ._names import __getattr__ as __getattr__
