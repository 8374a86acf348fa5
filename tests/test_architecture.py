"""Imports point down: the table of allowed edges between the package's modules, and its guard."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "wechatpay_chain"
ROOT = Path(__file__).parent.parent / PACKAGE

# A folder (or a module of its own), and all that it may import of the package. A row names only rows above it.
# Imports for types and imports inside functions count like any other.
ALLOWED = {
    # words and values
    "_version": "",
    "_extras": "",
    "_lazy": "",
    "errors": "",
    "http": "errors",
    "_arguments": "errors http",
    "observing": "errors http",
    "_both_clients": "errors http",
    "_threads": "",
    "_loop_thread": "_threads errors",
    "_counting": "",
    "_waits": "",
    "types": "http",
    # the kernel: sums, facts, and what is signed; no I/O, no clock
    "crypto": "errors",
    "diagnosis": "errors http crypto",
    "catalogue": "_lazy errors http",
    "wire": "errors http crypto diagnosis",
    "policies": "_arguments errors http catalogue wire",
    # what a call passes through
    "pipeline": "errors http",
    "credentials": "_arguments _threads errors observing http crypto catalogue wire policies pipeline",
    "files": "_threads errors http crypto wire pipeline",
    "bills": "_both_clients _threads errors http crypto files",
    "transport": "_version _threads errors http wire policies",
    "middleware": "_counting _waits errors observing http crypto catalogue wire policies pipeline credentials files",
    "payments": "_arguments _both_clients errors http crypto wire policies credentials",
    # what receives, and bulk work
    "notifications": "_arguments _loop_thread _threads errors http types crypto catalogue wire policies credentials",
    "batch": "_arguments _both_clients _counting _threads _waits errors http catalogue policies files",
    # composition
    "client.chain": "errors http catalogue",
    "_endpoints": "http types client.chain",
    "client": (
        "_arguments errors observing http crypto catalogue wire policies pipeline credentials files transport "
        "middleware payments notifications client.chain _endpoints _loop_thread _both_clients"
    ),
    "__init__": ("_version _lazy errors http policies pipeline credentials payments notifications client.chain client"),
    # adapters, the platform's half, and programs
    "contrib": "_arguments _version _extras errors observing policies credentials notifications",
    "emulator": (
        "_arguments _version _extras _lazy _loop_thread errors http crypto diagnosis catalogue wire pipeline "
        "credentials"
    ),
    "cli": (
        "_version _extras _waits errors http crypto catalogue wire policies credentials files bills payments "
        "notifications batch __init__ pipeline diagnosis contrib emulator"
    ),
    "pytest_plugin": "client emulator",
    "__main__": "cli",
}

# Importing it costs a fifth of a second, which those who only receive notifications must not pay.
AIOHTTP_ONLY_IN = ["transport", "contrib", "emulator.server", "emulator.notifications.post"]

# These serve programs that have no client.
WITHOUT_CLIENT = ["contrib", "emulator", "notifications"]


def name_of(file: Path) -> str:
    """The dotted name below the package: "errors", "wire.v3", "wire" for its __init__; the package itself is ""."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def row_of(module: str) -> str:
    """The name of a module's row in the table: its own, where it has one, or its folder's."""
    return module if module in ALLOWED else module.partition(".")[0] or "__init__"


FILES = sorted(file for file in ROOT.rglob("*.py*") if file.suffix in {".py", ".pyi"})
MODULES = {name_of(file) for file in FILES}


def statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """The statements below a statement, at any depth; expressions hold none, and the stubs have very many."""
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):
        for child in getattr(node, block, ()):
            yield child
            yield from statements_of(child)


def imports_in(source: str, module: str, *, is_package: bool) -> Iterator[str]:
    """The absolute names that a module's text imports, wherever in the text it does."""
    package = [PACKAGE, *filter(None, module.split("."))]
    for node in statements_of(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + is_package - node.level] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                submodule = f"{origin}.{alias.name}"
                yield submodule if submodule.removeprefix(f"{PACKAGE}.") in MODULES else origin


@cache
def imports_of(file: Path) -> set[str]:
    """The absolute names that a file imports."""
    return set(imports_in(file.read_text("utf-8"), name_of(file), is_package=file.stem == "__init__"))


def edges_of(file: Path) -> set[str]:
    """The package's modules that a file imports, named as `name_of` names them."""
    ours = {name for name in imports_of(file) if name == PACKAGE or name.startswith(f"{PACKAGE}.")}
    return {name.removeprefix(PACKAGE).removeprefix(".") for name in ours}


MIDDLEWARES = [file for file in FILES if file.parent == ROOT / "middleware" and file.stem != "__init__"]

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


@pytest.mark.parametrize("row", ALLOWED)
def test_rows_point_up(row: str) -> None:
    """A row names only rows above it, so the table has no cycle and reads as a list of layers."""
    rows = list(ALLOWED)
    below = [name for name in ALLOWED[row].split() if name not in rows[: rows.index(row)]]
    assert not below, f"the row {row!r} allows {below}, which must stand above it in ALLOWED, or must not be imported"


@each_file
def test_imports_are_allowed(file: Path) -> None:
    """A module imports of the package only what its row allows."""
    row = row_of(name_of(file))
    assert row in ALLOWED, (
        f"{file.relative_to(ROOT.parent)} has no row in ALLOWED: add {row!r} below everything that it imports, "
        "in the layer that it belongs to, and name there what it may import"
    )
    forbidden = {row_of(edge) for edge in edges_of(file)} - {row, *ALLOWED[row].split()}
    assert not forbidden, (
        f"{file.relative_to(ROOT.parent)} imports {sorted(forbidden)}, which its row doesn't allow: "
        "move what it needs to a lower layer, pass it in as an argument, or argue for a new edge in ALLOWED"
    )


@pytest.mark.parametrize("row", ALLOWED)
def test_allowed_edges_are_used(row: str) -> None:
    """An edge that nobody uses is taken out of the table, so that it tells how the package is."""
    used = {row_of(edge) for file in FILES if row_of(name_of(file)) == row for edge in edges_of(file)}
    unused = set(ALLOWED[row].split()) - used
    assert not unused, f"nothing in {row!r} imports {sorted(unused)}: take it out of ALLOWED"


def test_no_cycles() -> None:
    """No module reaches itself through its imports, inside a folder either."""
    graph: dict[str, set[str]] = {}
    for file in FILES:
        module = name_of(file)
        graph.setdefault(module, set()).update(edges_of(file) - {module})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these modules import each other in a circle: {' <- '.join(map(repr, error.args[1]))}")


@pytest.mark.parametrize("file", MIDDLEWARES, ids=lambda file: file.stem)
def test_middlewares_are_strangers(file: Path) -> None:
    """A middleware imports no other; only the package that lists them in standard() knows them all."""
    others = {edge for edge in edges_of(file) if row_of(edge) == "middleware"} - {name_of(file)}
    assert not others, f"{file.name} imports {sorted(others)}: what both need belongs in wire/ or crypto/"


def test_aiohttp_stays_at_the_rim() -> None:
    """Only the modules that speak HTTP import aiohttp, for types too."""
    importing = {
        name_of(file) for file in FILES if any(name.partition(".")[0] == "aiohttp" for name in imports_of(file))
    }
    at_the_rim = {
        module
        for module in importing
        if any(module == home or module.startswith(f"{home}.") for home in AIOHTTP_ONLY_IN)
    }
    assert importing == at_the_rim, f"{sorted(importing - at_the_rim)} import aiohttp; only {AIOHTTP_ONLY_IN} may"


@pytest.mark.parametrize("row", WITHOUT_CLIENT)
def test_receivers_never_reach_the_client(row: str) -> None:
    """What receives, and what plays the platform, does without the client, over any number of steps."""
    reached: set[str] = set()
    waiting = [row] if row in ALLOWED else []
    while waiting:
        reached.add(name := waiting.pop())
        waiting += [other for other in ALLOWED[name].split() if other not in reached]
    clients = reached & {"__init__", "client", "client.chain"}
    assert not clients, f"{row!r} may reach {sorted(clients)} by the rows {sorted(reached)}"


@pytest.mark.parametrize(
    ("module", "is_package", "source", "found"),
    [
        ("chain", False, "import orjson", "orjson"),
        ("chain", False, "import wechatpay_chain.errors as e", "wechatpay_chain.errors"),
        ("chain", False, "from wechatpay_chain import errors", "wechatpay_chain.errors"),
        ("chain", False, "from wechatpay_chain import WeChatPay", "wechatpay_chain"),
        ("chain", False, "from . import errors", "wechatpay_chain.errors"),
        ("chain", False, "from .errors import APIError", "wechatpay_chain.errors"),
        ("chain", False, "def f():\n    from .errors import APIError", "wechatpay_chain.errors"),
        ("chain", False, "if TYPE_CHECKING:\n    from .errors import APIError", "wechatpay_chain.errors"),
        ("middleware", True, "from .. import errors", "wechatpay_chain.errors"),
        ("middleware", True, "from . import seal", "wechatpay_chain.middleware.seal"),
        ("middleware.seal", False, "from ..errors import APIError", "wechatpay_chain.errors"),
        ("middleware.seal", False, "from .sign import Sign", "wechatpay_chain.middleware.sign"),
        ("", True, "from .errors import APIError", "wechatpay_chain.errors"),
    ],
)
def test_every_spelling_of_an_import_is_seen(module: str, is_package: bool, source: str, found: str) -> None:
    """The guard reads absolute and relative imports, of names and of modules, at any depth of the text."""
    assert list(imports_in(source, module, is_package=is_package)) == [found]
