"""Renders the templates of the emulator's pages and sample programs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..._extras import extra

if TYPE_CHECKING:
    from jinja2 import Environment


def render(name: str, **values: Any) -> str:
    """Render a template; in pages, the values are escaped for HTML.

    Raises:
        ImportError: Jinja isn't installed; with the name of the extra.
    """
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> Environment:
    with extra("cli"):
        from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    return Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
