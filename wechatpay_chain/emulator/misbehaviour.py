"""Carries out the effects of faults on answers and notifications."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..http.headers import Headers
from ..http.request import Request
from ..http.response import Response
from ..wire import v2, v3
from .faults import CutBody, Delay, Effect, Flaw, Forge, LoseAnswer, OtherKey, Page, Refuse, SkewClock

STALE = 600
"""The age of a stale timestamp in seconds."""

_PROBE = "WECHATPAY/SIGNTEST/"
_SIGNED = (v3.TIMESTAMP_HEADER, v3.NONCE_HEADER, v3.SERIAL_HEADER, v3.SIGNATURE_TYPE_HEADER, v3.SIGNATURE_HEADER)
_MCHID = re.compile('(?:mchid|brand_id)="([^"]*)"')
_MCH_ID = re.compile(r"<(?:mch_?id|combine_mch_id)>(?:<!\[CDATA\[)?(\w+)")
_HTML = Headers({"Content-Type": "text/html"})


class AnswerLost(Exception):
    """The connection breaks before the answer is complete.

    Attributes:
        response: the answer.
        kept: how many bytes of its body are sent; None if nothing is sent at all.
    """

    def __init__(self, response: Response[Any], kept: int | None) -> None:
        super().__init__("the connection breaks before the answer is complete")
        self.response = response
        self.kept = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """The effects on one call, by their kind."""

    refuse: Refuse | None = None
    delay: Delay | None = None
    lose: LoseAnswer | None = None
    cut: CutBody | None = None
    forge: Forge | None = None
    page: Page | None = None
    other_key: OtherKey | None = None
    skew: SkewClock | None = None

    @classmethod
    def of(cls, effects: Iterable[Effect]) -> Self:
        """Sort effects, each of another kind, into the members."""
        met: dict[str, Any] = {_MEMBERS[type(effect)]: effect for effect in effects}
        return cls(**met)

    @property
    def flaw(self) -> Flaw | None:
        """What is wrong with the answer."""
        return self.forge.flaw if self.forge else None

    def check_complete(self, response: Response[Any]) -> None:
        """Break the connection, if one of the effects does that.

        Raises:
            AnswerLost: the connection breaks.
        """
        if self.lose is not None:
            raise AnswerLost(response, None)
        if self.cut is not None:
            half = len(response.content) // 2
            raise AnswerLost(response, half if self.cut.kept is None else min(self.cut.kept, len(response.content)))


GOOD = Misbehaviour()
"""Nothing is wrong."""

_MEMBERS: Mapping[type[Effect], str] = {
    Refuse: "refuse",
    Delay: "delay",
    LoseAnswer: "lose",
    CutBody: "cut",
    Forge: "forge",
    Page: "page",
    OtherKey: "other_key",
    SkewClock: "skew",
}


def claimed_merchant(request: Request) -> str:
    """The merchant that a request claims to be from, unverified; empty if it names none."""
    found = _MCHID.search(request.headers.get("Authorization", "")) or _MCH_ID.search(
        (request.body or b"").decode("utf-8", "replace") if request.headers.get("Authorization") is None else ""
    )
    return found[1] if found else ""


def html(status: int) -> Response[Any]:
    """An HTML page such as proxies answer."""
    text = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>\n"
    return Response(status=status, headers=_HTML, content=text.encode())


def forged(response: Response[Any], flaw: Flaw | None) -> Response[Any]:
    """A signed answer with a flaw added. With `stale` it stays as it is: it was signed with an old timestamp.

    An answer without a signature is returned unchanged.
    """
    if flaw is None or flaw == "stale":
        return response
    if v2.is_xml(response.content):
        return response.changed(content=forged_xml(response.content, flaw))
    if v3.SIGNATURE_HEADER not in response.headers:
        return response
    if flaw == "altered":
        # A blank after the end, which changes no JSON value.
        return response.changed(content=response.content + b" ")
    if flaw == "unsigned":
        left = {name: value for name, value in response.headers.items() if name not in _SIGNED}
        return response.changed(headers=Headers(left))
    return response.changed(
        headers=response.headers.plus(v3.SIGNATURE_HEADER, probe(response.headers[v3.SIGNATURE_HEADER]))
    )


def probe(signature: str) -> str:
    """Turn a signature into a wrong one such as the platform sends on purpose."""
    return _PROBE + signature[len(_PROBE) :]


def forged_xml(body: bytes, flaw: Flaw) -> bytes:
    """A message of APIv2 with a flaw added."""
    fields = dict(v2.parse(body))
    # A message is protected by its sign, or by encryption with a key that only its owner has.
    protecting = next((name for name in ("sign", "req_info") if name in fields), None)
    if protecting is None:
        return body
    if flaw == "unsigned":
        del fields[protecting]
    elif flaw == "altered" and protecting == "sign":
        fields["nonce_str"] = v3.make_nonce()
    else:
        fields[protecting] = fields[protecting][::-1]
    return v2.build(fields)
