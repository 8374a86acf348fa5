"""Exchanges, records and notifications as JSON values."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ...catalogue import spell
from ...http.headers import Headers
from ...http.response import Response
from ..exchange import Exchange
from ..notifications.messages import event_type_of
from ..platform.refusal import Refusal
from ..world.announcements import Announcement
from ..world.records import Kind, Record
from ..world.world import World
from . import evidence, snippets

# Signatures are shown, as they are of no use to anyone else; keys never are.
_LONGEST_BODY = 65_536
_spell = lru_cache(maxsize=2048)(spell)


def exchange_line(exchange: Exchange) -> dict[str, Any]:
    """A summary of an exchange, for lists."""
    operation, response = exchange.operation, exchange.response
    return {
        "number": exchange.number,
        "time": exchange.time,
        "mchid": exchange.mchid,
        "method": exchange.request.method,
        "path": exchange.request.path,
        "operation": operation.name if operation else "",
        "template": operation.path if operation else "",
        "chain_path": _spell(operation.path) if operation else "",
        "status": response.status if response else None,
        "refused": exchange.refusal is not None,
        "code": _code(exchange.refusal),
        "message": _message(exchange.refusal),
        "seconds": exchange.seconds,
        "faults": [type(effect).__name__ for effect in exchange.effects],
    }


def exchange_whole(exchange: Exchange, world: World) -> dict[str, Any]:
    """An exchange in full: as received and decrypted, the texts that were verified, and why it was refused."""
    call, response = exchange.call, exchange.response
    refusal = exchange.refusal
    finding = evidence.find(exchange, world)  # expensive: found once, used twice
    return {
        **exchange_line(exchange),
        "request": {
            "target": exchange.request.target,
            "headers": headers(exchange.request.headers),
            **_body(exchange.request.body or b"", exchange.request_size),
        },
        "decrypted": None if call is None else (call.json or call.meta or call.xml or dict(call.query) or None),
        "response": None if response is None else _answer(exchange, response),
        "detail": refusal.detail if isinstance(refusal, Refusal) else None,
        "request_id": response.headers.get("Request-ID", "") if response else "",
        "claimed": evidence.claimed(exchange),
        "causes": evidence.causes(exchange, world, finding),
        "request_text": evidence.request_text(exchange, world, finding),
        "answer_text": evidence.answer_text(exchange),
        "curl": snippets.curl(exchange),
        "chain": snippets.chain(exchange),
    }


def keyed(found: Record, kind: Kind[Any]) -> dict[str, Any]:
    """A record with the name of its kind and its key."""
    return {**record(found), "kind": kind.name, "key": kind.key(found)}


def record(found: Record) -> dict[str, Any]:
    """A record of any kind."""
    return asdict(found)


def notification(found: Announcement) -> dict[str, Any]:
    """A notification, with its decrypted resource and the attempts to deliver it."""
    return {**asdict(found), "kind": event_type_of(found)}


def headers(found: Headers) -> Mapping[str, str]:
    """Headers as JSON values."""
    return found.as_dict()


def _answer(exchange: Exchange, response: Response[Any]) -> dict[str, Any]:
    return {"headers": headers(response.headers), **_body(response.content, exchange.response_size)}


def _body(content: bytes, size: int | None) -> dict[str, Any]:
    """A body as text, cut off at a limit; with its size, the size of what is kept, and whether it is binary.

    Args:
        content: the part that is kept.
        size: the size of the whole body; None if all of it is kept.
    """
    is_cut = size is not None
    try:
        # A body may be cut off in the middle of a character.
        getincrementaldecoder("utf-8")().decode(content, final=not is_cut)
        binary = False
    except UnicodeDecodeError:
        binary = True
    text = content[:_LONGEST_BODY].decode("utf-8", "replace")
    return {"body": text, "size": size if is_cut else len(content), "kept": len(content), "binary": binary}


def _code(refusal: Exception | None) -> str:
    return str(getattr(refusal, "code", ""))


def _message(refusal: Exception | None) -> str:
    return str(getattr(refusal, "message", ""))
