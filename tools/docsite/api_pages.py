"""Pages of the Python API: one for each public module, which mkdocstrings fills from its docstrings."""

from __future__ import annotations

from collections.abc import Iterator

MODULES = (
    ("wechatpay_chain", "Client, errors, options"),
    ("wechatpay_chain.notifications", "Notifications"),
    ("wechatpay_chain.payments", "Payments"),
    ("wechatpay_chain.bills", "Bills"),
    ("wechatpay_chain.batch", "Bulk work"),
    ("wechatpay_chain.catalogue", "The catalogue"),
    ("wechatpay_chain.middleware", "Steps of a call"),
    ("wechatpay_chain.observing", "Observing calls"),
    ("wechatpay_chain.diagnosis", "Why a signature fails"),
    ("wechatpay_chain.emulator", "The emulator"),
    ("wechatpay_chain.pytest_plugin", "Fixtures for pytest"),
    ("wechatpay_chain.contrib.aiohttp", "aiohttp"),
    ("wechatpay_chain.contrib.django", "Django"),
    ("wechatpay_chain.contrib.flask", "Flask"),
    ("wechatpay_chain.contrib.litestar", "Litestar"),
    ("wechatpay_chain.contrib.opentelemetry", "OpenTelemetry"),
    ("wechatpay_chain.contrib.redis", "Redis"),
    ("wechatpay_chain.contrib.sanic", "Sanic"),
    ("wechatpay_chain.contrib.starlette", "Starlette and FastAPI"),
    ("wechatpay_chain.contrib.taskiq", "taskiq"),
)
"""Public modules with what they are about."""


def pages() -> Iterator[tuple[str, str]]:
    """Every page: file and Markdown."""
    lines = ["# Python API", "", "What can be imported, from the docstrings.", ""]
    for module, about in MODULES:
        lines.append(f"- [`{module}`]({module}.md): {about}")
    yield "api/index.md", "\n".join([*lines, ""])
    for module, about in MODULES:
        yield f"api/{module}.md", f"# {about}\n\n`{module}`\n\n::: {module}\n"
