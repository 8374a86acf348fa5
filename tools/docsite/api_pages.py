"""Pages of the Python API: one for each public module, which mkdocstrings fills from its docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

MODULES = (
    ("wechatpay_chain", "Client, errors, answers"),
    ("wechatpay_chain.client.options", "All options of a client"),
    ("wechatpay_chain.notifications", "Notifications"),
    ("wechatpay_chain.payments", "Payments"),
    ("wechatpay_chain.payments.qr", "QR codes"),
    ("wechatpay_chain.bills", "Bills"),
    ("wechatpay_chain.batch", "Bulk work"),
    ("wechatpay_chain.catalogue", "The catalogue"),
    ("wechatpay_chain.middleware", "Steps of a call"),
    ("wechatpay_chain.observing", "Observing calls"),
    ("wechatpay_chain.diagnosis", "Why a signature fails"),
    ("wechatpay_chain.emulator", "The emulator"),
    ("wechatpay_chain.emulator.faults", "Faults of the emulator"),
    ("wechatpay_chain.pytest_plugin", "Fixtures for pytest"),
    ("wechatpay_chain.contrib.aiohttp", "aiohttp"),
    ("wechatpay_chain.contrib.django", "Django"),
    ("wechatpay_chain.contrib.django.inbox", "Django: the inbox"),
    ("wechatpay_chain.contrib.flask", "Flask"),
    ("wechatpay_chain.contrib.litestar", "Litestar"),
    ("wechatpay_chain.contrib.limits", "Rate limits of several processes"),
    ("wechatpay_chain.contrib.opentelemetry", "OpenTelemetry"),
    ("wechatpay_chain.contrib.redis", "Redis"),
    ("wechatpay_chain.contrib.sanic", "Sanic"),
    ("wechatpay_chain.contrib.sqlalchemy", "SQLAlchemy: the inbox"),
    ("wechatpay_chain.contrib.starlette", "Starlette and FastAPI"),
    ("wechatpay_chain.contrib.taskiq", "taskiq"),
)
"""Public modules with what they are about."""

# Of a module that isn't public as a whole: the names that are.
_NAMES = {"wechatpay_chain.client.options": ["Options"]}

# The module itself has no heading and no place in the list of contents; each of its names has both, and its signature.
_MODULE = "    options:\n      show_root_toc_entry: false\n      members: false\n"
_NAME = "    options:\n      show_root_heading: true\n      show_root_full_path: false\n"

# What users call of these stands in their base: the phone, the clock, notifications.
_WITH_BASES = {"wechatpay_chain.emulator.Emulator"}


def pages() -> Iterator[tuple[str, str]]:
    """Every page: file and Markdown."""
    lines = ["# Python API", "", "What can be imported, from the docstrings.", ""]
    for module, about in MODULES:
        lines.append(f"- [`{module}`]({module}.md): {about}")
    yield "api/index.md", "\n".join([*lines, ""])
    for module, about in MODULES:
        yield f"api/{module}.md", "\n".join(_page(module, about))


def missing_methods(site: Path) -> list[str]:
    """The methods of clients, webhook and emulator that the pages of a built site should show, and don't."""
    shown = {
        "wechatpay_chain": ("WeChatPay.download", "SyncWeChatPay.from_env", "Webhook.dispatch"),
        "wechatpay_chain.emulator": ("Emulator.listen", "Emulator.pay", "Emulator.notification"),
    }
    missing: list[str] = []
    for module, names in shown.items():
        page = (site / f"api/{module}/index.html").read_text(encoding="utf-8")
        missing += [name for name in names if f'id="{module}.{name}"' not in page]
    return missing


def _page(module: str, about: str) -> Iterator[str]:
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    yield f"# {about}\n\n`{module}`\n\n::: {module}\n{_MODULE}"
    for name in _NAMES.get(module) or _public(tree):
        bases = "      inherited_members: true\n" if f"{module}.{name}" in _WITH_BASES else ""
        yield f"::: {module}.{name}\n{_NAME}{bases}"


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _public(tree: ast.Module) -> list[str]:
    """The names that a module offers: those of `__all__`, else those of its public functions and classes."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return sorted(node.name for node in tree.body if isinstance(node, definitions) and not node.name.startswith("_"))
