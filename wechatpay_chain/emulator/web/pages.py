"""The pages that the emulator serves: one that shows what happens, and one where a payer pays."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from ..._extras import extra
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from ..controls import Controls
from ..platform.refusal import Refusal
from ..products import phone
from ..products.orders.links import PAGE
from .action import BASE
from .rendering import render

_STATIC = f"{BASE}/static/"
_QR = f"{BASE}/qr.svg"
# All views are one page, whose script reads from the address which one to show.
_VIEWS = frozenset({"", "calls", "records", "notifications", "faults", "start"})
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Under no-referrer a browser would send "Origin: null" with the payment page's own form.
_SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_NO_FRAMES = "base-uri 'none'; frame-ancestors 'none'"
_PAY_POLICY = f"default-src 'none'; style-src 'self'; form-action 'self'; {_NO_FRAMES}"
_APP_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    f"form-action 'none'; {_NO_FRAMES}"
)
_LONGEST_CODE = 1000
_ACTS = ("pay", "fail", "expire")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of an emulator.

    Attributes:
        controls: of the world to show.
    """

    controls: Controls

    def answer(self, request: Request) -> Response[Any] | None:
        """The page at a path; None if there is none."""
        path = request.path
        if path.startswith(f"{PAGE}/") and request.method in {"GET", "POST"}:
            return self._pay(request)
        if request.method != "GET":
            return None
        if path.startswith(_STATIC):
            return _static(path.removeprefix(_STATIC))
        if path == _QR:
            return _qr(dict(parse_qsl(request.query)).get("text", ""))
        if _is_view(request):
            return _html("index.html", 200, _APP_POLICY)
        return None

    def _pay(self, request: Request) -> Response[Any]:
        link = f"{request.path}?{request.query}"
        form = dict(parse_qsl((request.body or b"").decode("utf-8", "replace")))
        query = dict(parse_qsl(request.query))
        problem = ""
        try:
            found = phone.find(self.controls.world, request.path)
            if request.method == "POST" and form.get("act") in _ACTS:
                try:
                    getattr(self.controls, form["act"])(request.path)
                except Refusal as refused:
                    problem = refused.message
                found = phone.find(self.controls.world, request.path)
        except Refusal:
            missing = "没有这个订单 · There is no such order"
            return _html("pay.html", 404, _PAY_POLICY, order=None, problem=missing, link=link, back="")
        back = query.get("redirect_url", "")
        shown = back if back.startswith(("http://", "https://")) else ""
        total: int = getattr(found, "total", 0)
        sum_of = f"{Decimal(total) / 100:.2f}" if total else ""
        return _html("pay.html", 200, _PAY_POLICY, order=found, problem=problem, link=link, back=shown, total=sum_of)


def _is_view(request: Request) -> bool:
    """Whether a browser asks for a view; programs get JSON from the same addresses."""
    view, *_ = request.path.removeprefix(BASE).strip("/").split("/")
    return view in _VIEWS and (not view or "text/html" in request.headers.get("Accept", ""))


def _html(name: str, status: int, policy: str, **values: Any) -> Response[Any]:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Vary": "Accept",
        **_SECURITY,
    }
    return Response(status=status, headers=Headers(headers), content=render(name, **values).encode())


def _static(name: str) -> Response[Any] | None:
    content = _files().get(name)
    if content is None:
        return None
    headers = {"Content-Type": _TYPES[name[name.rindex(".") :]], "Cache-Control": "no-cache", **_SECURITY}
    return Response(status=200, headers=Headers(headers), content=content)


@cache
def _files() -> Mapping[str, bytes]:
    folder = resources.files(__package__ or "").joinpath("static")
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(tuple(_TYPES))}


def _qr(text: str) -> Response[Any] | None:
    """A QR code as a picture."""
    if not 0 < len(text) <= _LONGEST_CODE:
        return None
    with extra("cli"):
        import segno
    written = io.BytesIO()
    segno.make(text, error="m").save(written, kind="svg", scale=4, border=2, light="#fff", xmldecl=False)
    headers = {"Content-Type": "image/svg+xml", "Cache-Control": "no-store", **_SECURITY}
    return Response(status=200, headers=Headers(headers), content=written.getvalue())
