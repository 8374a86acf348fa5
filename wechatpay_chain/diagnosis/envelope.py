"""The envelope of a notification: as the platform writes it, and as other programs rewrite it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import orjson

_CAMEL = re.compile("[A-Z]")
_BEIJING = timezone(timedelta(hours=8))
# Seconds; a larger number is of milliseconds.
_LATEST = 10_000_000_000

# As real notifications have them.
_ENVELOPE = ("id", "create_time", "resource_type", "event_type", "summary", "resource")
_RESOURCE = ("original_type", "algorithm", "ciphertext", "associated_data", "nonce")


def json_of(body: bytes) -> Any:
    """A body's JSON; None for null, or if it isn't JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def compact(value: object) -> bytes:
    """JSON as the platform writes it; empty for a value that is nested too deeply."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b""


def in_order(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """The members in the order of real notifications; unknown ones at the end."""
    members = _sorted(envelope, _ENVELOPE)
    resource = members.get("resource")
    if isinstance(resource, dict):
        members["resource"] = _sorted(cast("dict[str, Any]", resource), _RESOURCE)
    return members


def _sorted(members: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    names = [*(name for name in order if name in members), *(name for name in members if name not in order)]
    return {name: members[name] for name in names}


def untyped(members: Mapping[str, Any], *, is_nested: bool = False) -> dict[str, Any]:
    """The members as the platform writes them, undoing changes by a program's own classes."""
    return {
        _CAMEL.sub(lambda found: "_" + found[0].lower(), name): value if is_nested else _untyped_value(name, value)
        for name, value in members.items()
        if value is not None
    }


def sign_of_change(envelope: Mapping[str, Any]) -> str | None:
    """A sign that something else than the platform wrote an envelope, as a clause; None if there is none."""
    resource: object = envelope["resource"]
    members = cast("dict[str, Any]", resource) if isinstance(resource, dict) else {}
    if not members:
        return "resource is no object"
    lacking = [name for name in _ENVELOPE if name not in envelope]
    lacking += [f"resource.{name}" for name in ("algorithm", "ciphertext", "nonce") if name not in members]
    if lacking:
        return f"it has no {', '.join(lacking)}"
    empty = [name for name, value in (*envelope.items(), *members.items()) if value is None]
    if empty:
        return f"it has null in {', '.join(empty)[:80]}, which the platform leaves out"
    time: object = envelope["create_time"]
    if _beijing(time) != time:
        return "create_time isn't in the platform's form, such as 2026-11-20T10:00:00+08:00"
    return None


def _untyped_value(name: str, value: Any) -> Any:
    if name in {"create_time", "createTime"}:
        return _beijing(value)
    if name == "resource" and isinstance(value, str):
        value = json_of(value.encode("utf-8", "replace"))
    if name != "resource" or not isinstance(value, dict):
        return value
    return untyped(cast("dict[str, Any]", value), is_nested=True)


def _beijing(value: object) -> object:
    """A time in the form that notifications have; what is no time stays as it is."""
    try:
        if isinstance(value, int):
            moment = datetime.fromtimestamp(value / 1000 if value > _LATEST else value, _BEIJING)
        else:
            moment = datetime.fromisoformat(str(value))
        return moment.astimezone(_BEIJING).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return value
