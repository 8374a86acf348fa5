"""Why a signature may not fit although the platform made it: the content isn't the bytes that were signed any more."""

from __future__ import annotations

from collections.abc import Callable

import orjson

# Diagnosing is for honest mistakes; what a forger sends is not worth the time.
_LONGEST = 100_000
_REMEDY = (
    "Pass on the raw bytes as they came in (await request.read(), request.body, request.get_data()), and let no "
    "gateway reformat them"
)


def cause(body: bytes, fits: Callable[[bytes], bool]) -> str:
    """Say what happened to a body whose signature doesn't fit; empty where there is no sign of anything.

    Args:
        body: the body as it was given.
        fits: whether the signature fits another body.
    """
    if not body:
        return "the body is empty: perhaps something read it before, and a body can be read once. " + _REMEDY
    compact = _compact(body)
    if compact is None or compact == body:
        return ""
    if fits(compact):
        return (
            "the signature fits the same JSON in compact form, so the body was parsed and written again on its way "
            f"here. {_REMEDY}"
        )
    return (
        "the body is JSON, but not written as the platform writes it, so it was probably parsed and written again on "
        f"its way here. {_REMEDY}"
    )


def _compact(body: bytes) -> bytes | None:
    if len(body) > _LONGEST:
        return None
    try:
        return orjson.dumps(orjson.loads(body))
    except (orjson.JSONDecodeError, TypeError):
        return None
