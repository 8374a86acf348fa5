"""The pages that the emulator serves itself: where a payer pays, and where one begins."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ....http.headers import Headers
from ....http.request import Request
from ....http.response import Response
from ...controls import Controls
from ...platform.refusal import Refusal
from ...products import phone

if TYPE_CHECKING:
    from jinja2 import Environment

PAY = "/_emulator/pay"
_START = ("/_emulator", "/_emulator/")
_STYLE = "/_emulator/style.css"
_HTML = Headers(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)
_CSS = Headers({"Content-Type": "text/css; charset=utf-8", "X-Content-Type-Options": "nosniff"})
_ACTS = ("pay", "fail", "expire")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of an emulator.

    Attributes:
        controls: what they work on.
    """

    controls: Controls

    def answer(self, request: Request) -> Response[Any] | None:
        """The page of a path; None where there is none."""
        if request.path in _START and request.method == "GET":
            return _page("start.html", 200, world=self.controls.world)
        if request.path == _STYLE and request.method == "GET":
            return Response(status=200, headers=_CSS, content=_style())
        if request.path.startswith(f"{PAY}/") and request.method in {"GET", "POST"}:
            return self._pay(request)
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
            return _page(
                "pay.html", 404, order=None, problem="没有这个订单 · There is no such order", link=link, back=""
            )
        back = query.get("redirect_url", "")
        shown = back if back.startswith(("http://", "https://")) else ""
        total: int = getattr(found, "total", 0)
        sum_of = f"{Decimal(total) / 100:.2f}" if total else ""
        return _page("pay.html", 200, order=found, problem=problem, link=link, back=shown, total=sum_of)


def _page(name: str, status: int, **values: Any) -> Response[Any]:
    text = _environment().get_template(name).render(**values)
    return Response(status=status, headers=_HTML, content=text.encode())


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'wechatpay-chain[cli]'", name=error.name) from error
    return Environment(loader=PackageLoader(__name__, "."), autoescape=True, undefined=StrictUndefined)


@cache
def _style() -> bytes:
    return resources.files(__name__).joinpath("style.css").read_bytes()
