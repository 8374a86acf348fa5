"""Causes of a wrong signature that lie in the body: it isn't the bytes that were signed any more.

Possible changes are undone one by one, and the signature is tried again. If it fits, that change is the proven cause.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, cast

from ..errors import Cause
from .answer import is_web_page
from .body_changes import CHANGES, LONGEST, RAW
from .envelope import compact, in_order, json_of, sign_of_change, untyped

Fits = Callable[[bytes], bool]
"""Whether the signature fits a body."""

_MOST_TRIALS = 40


def causes(body: bytes, fits: Fits) -> tuple[Cause, ...]:
    """What may have happened to a body whose signature doesn't fit; empty if there is no sign of a change.

    Args:
        body: the body as it was given.
        fits: whether the signature fits another body.
    """
    if not body.strip():
        text = "the body is empty: something read it before, and a body can be read once"
        return (Cause("body-empty", text, RAW, "likely"),)
    if len(body) > LONGEST:
        return ()
    tried = _Trials(fits)
    if any(map(tried.fit, _other_ends(body))):
        text = "blanks or line ends around the body were added or taken away (undone, the signature fits)"
        return (Cause("body-line-ends", text, RAW, "proven"),)
    written = _written_again(body, tried)
    if written is not None and written.certainty == "proven":
        return (written,)
    traces: list[Cause] = []
    for change in CHANGES:
        found = [candidate for candidate in islice(change.undo(body), _MOST_TRIALS) if candidate != body]
        if any(tried.fit(candidate) or _written_again(candidate, tried, proven=True) for candidate in found):
            text = f"{change.text} (undone, the signature fits)"
            return (Cause(change.name, text, change.remedy, "proven"),)
        if found:
            traces.append(Cause(change.name, change.text, change.remedy, "likely"))
    shape = _shape(body)
    return tuple(filter(None, (*traces, shape, written)))


class _Trials:
    """Tries bodies, each once, up to a limit."""

    def __init__(self, fits: Fits) -> None:
        self._fits = fits
        self._tried: dict[bytes, bool] = {}

    def fit(self, body: bytes) -> bool:
        if body not in self._tried:
            self._tried[body] = len(self._tried) < _MOST_TRIALS and self._fits(body)
        return self._tried[body]


def _written_again(body: bytes, tried: _Trials, *, proven: bool = False) -> Cause | None:
    """The cause where a body is JSON that something parsed and wrote again.

    Args:
        body: the body.
        tried: tries others.
        proven: whether only a cause that can be proven is asked for.
    """
    value = json_of(body)
    if value is None:
        return None
    again = compact(value)
    if tried.fit(again):
        text = "the body was parsed and written again (the signature fits the same JSON in compact form)"
        return Cause("body-rewritten", text, RAW, "proven")
    envelope = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    restored = compact(in_order(envelope))
    if tried.fit(restored):
        text = (
            "the body was parsed and written again with its members in another order (put back in the platform's "
            "order, the signature fits)"
        )
        return Cause("body-reordered", text, RAW, "proven")
    typed = compact(in_order(untyped(envelope)))
    if typed != restored and tried.fit(typed):
        text = (
            "the body was read into typed objects and written again, which changed its members "
            "(changed back, the signature fits)"
        )
        return Cause("body-rewritten", text, RAW, "proven")
    if proven or not envelope:
        return None
    if {"id", "resource"} <= envelope.keys() and (sign := sign_of_change(envelope)):
        text = f"the body was parsed and written again, or filtered, on its way here: {sign}"
        return Cause("body-rewritten", text, RAW, "likely")
    if again and again != body:
        text = "the body is JSON, but not as the platform writes it, so it was parsed and written again on its way here"
        return Cause("body-rewritten", text, RAW, "likely")
    if {"id", "resource"} <= envelope.keys() and restored != again:
        text = "the body's members are in another order than the platform's, so it was parsed and written again"
        return Cause("body-reordered", text, RAW, "likely")
    return None


def _shape(body: bytes) -> Cause | None:
    """The cause if the body is something else than a notification or an answer; None otherwise."""
    if is_web_page(body):
        text = "the body is a web page: a proxy, a login page or the shop's own error page stands in its place"
        return Cause("body-web-page", text, RAW, "likely")
    if body.rstrip()[-1:] == b"}" and body.lstrip()[:1] != b"{" and b'"resource"' in body:
        text = "the body ends as JSON and doesn't begin as such: its beginning was read or cut off before"
        return Cause("body-cut-off", text, RAW, "likely")
    if body.lstrip()[:1] == b"{" and json_of(body) is None:
        text = "the body begins as JSON and doesn't end as such: it was cut off, or changed, on its way here"
        return Cause("body-cut-off", text, RAW, "likely")
    value = json_of(body)
    if not isinstance(value, dict) or not value:
        return None
    if "ciphertext" in value and "resource" not in value:
        text = "the body is the resource alone, without the envelope around it, and the signature covers the envelope"
        return Cause("body-resource-alone", text, RAW, "likely")
    if "resource" not in value and ("out_trade_no" in value or "trade_state" in value or "refund_status" in value):
        text = "the body is no envelope: it looks like the decrypted content, which is not what the signature covers"
        return Cause("body-decrypted", text, RAW, "possible")
    return None


def _other_ends(body: bytes) -> tuple[bytes, ...]:
    return body.strip(b" \t\r\n\0"), body + b"\n", body.replace(b"\r\n", b"\n")
