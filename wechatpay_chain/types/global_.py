"""Payloads and answers of the operations under `/global/v3/...`; see the package."""

from __future__ import annotations

from ._names import __getattr__ as __getattr__
