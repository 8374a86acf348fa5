"""Requests as the steps of a pipeline get them: with what the catalogue knows of their operation."""

from __future__ import annotations

from typing import Any

from wechatpay_chain.catalogue import Operation, find
from wechatpay_chain.http.request import Request


def known(**attributes: Any) -> Request:
    """A request whose operation was looked up."""
    request = Request(**attributes)
    return request.changed(operation=operation_of(request.method, request.template))


def operation_of(method: str, template: str) -> Operation | None:
    """What is known of an operation."""
    return find(method, template)
