"""Adapters for web frameworks and services, each in a module of its own that imports what it adapts."""

from __future__ import annotations
