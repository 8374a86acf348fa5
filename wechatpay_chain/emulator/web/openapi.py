"""The OpenAPI document of the control interface, made from its table of actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..._version import __version__
from .action import BASE, Action
from .fields import schema

_PROBLEM = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}, "argument": {"type": "string"}, "code": {"type": "string"}},
}
_REFUSALS: Mapping[int, str] = {
    400: "It makes no sense; the message says why",
    403: "A page of another origin asks, or a Host that is not this machine",
    404: "There is no such thing",
    409: "The state of the world doesn't allow it",
}


def document(actions: Iterable[Action]) -> dict[str, Any]:
    """The OpenAPI document of some actions."""
    paths: dict[str, dict[str, Any]] = {}
    for action in actions:
        paths.setdefault(BASE + action.path, {})[action.method.lower()] = _operation(action)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wechatpay-chain emulator",
            "version": __version__,
            "description": "What is done to the emulated platform from outside of the protocol.",
        },
        "paths": paths,
        "components": {"schemas": {"Problem": _PROBLEM}},
    }


def _operation(action: Action) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", f"{action.method.lower()}{action.path}").strip("_")
    described: dict[str, Any] = {
        "operationId": name,
        "summary": action.summary,
        "responses": {
            str(action.status): {
                "description": "Done",
                "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
            },
            **{str(status): _refusal(text) for status, text in _REFUSALS.items()},
        },
    }
    parameters = [
        {"name": found, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for found in re.findall(r"\{(\w+)\}", action.path)
    ]
    parameters += [
        {"name": found, "in": "query", "required": field.required, "schema": field.schema()}
        for found, field in action.query.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if action.body is not None:
        content = {"application/json": {"schema": schema(action.body)}}
        described["requestBody"] = {"required": any(f.required for f in action.body.values()), "content": content}
    return described


def _refusal(text: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": text, "content": content}
