"""The package as its users find it: its names, its version, and what importing it costs."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import metadata, resources
from itertools import pairwise

import pytest

import wechatpay_chain
from wechatpay_chain import errors


def in_a_fresh_interpreter(program: str) -> str:
    """What a program prints that starts with nothing imported."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


PUBLIC = """
    WeChatPay SyncWeChatPay Chain Request Response Secret Attachment Handler Middleware Signer Timeout RateLimits
    RetryPolicy Renewal Merchants paginate wait_for_payment until_certain Webhook Notification Reply Brand
"""


def test_the_public_names_are_these() -> None:
    """The package exports what its contract names, every error class, and its warning; nothing else."""
    ours = [value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__]
    raised = {kind.__name__ for kind in ours if issubclass(kind, Exception)}
    assert set(wechatpay_chain.__all__) == {*PUBLIC.split(), *raised}


def test_names_are_sorted() -> None:
    """`__all__` is sorted and names nothing twice."""
    assert wechatpay_chain.__all__ == sorted(set(wechatpay_chain.__all__))


def docstring_of(name: str) -> str | None:
    """What a public name says of itself: a class by its own docstring, an alias by the string below its assignment."""
    value = getattr(wechatpay_chain, name)
    if inspect.isclass(value):
        own = vars(value).get("__doc__")
        # A dataclass without a docstring gets its signature for one.
        return own if own and not own.startswith(f"{name}(") else None
    if inspect.isroutine(value):
        return value.__doc__
    home = next(module for key, module in sys.modules.items() if is_ours(key) and vars(module).get(name) is value)
    statements = ast.parse(inspect.getsource(home)).body
    for statement, following in pairwise(statements):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(found)]) | ast.AnnAssign(target=ast.Name(found)),
                ast.Expr(ast.Constant(str(text))),
            ) if found == name:
                return text
    return None


def is_ours(module: str) -> bool:
    """Whether a module is one of the package's own, which alone define names; the package only hands them on."""
    return module.startswith("wechatpay_chain.")


@pytest.mark.parametrize("name", wechatpay_chain.__all__)
def test_name_resolves_and_is_explained(name: str) -> None:
    """Each public name exists, shows up in `dir()`, and tells what it is."""
    assert name in dir(wechatpay_chain)
    assert docstring_of(name), f"{name} has no docstring of its own"


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as on any module."""
    with pytest.raises(AttributeError, match="WechatPay"):
        wechatpay_chain.WechatPay  # noqa: B018  # reading it is the test


def test_importing_does_not_import_aiohttp() -> None:
    """A process that only receives notifications pays for aiohttp no time and no memory."""
    assert in_a_fresh_interpreter("import sys, wechatpay_chain; print('aiohttp' in sys.modules)") == "False"


def test_the_client_brings_aiohttp() -> None:
    """Touching `WeChatPay` is what imports aiohttp, so the test above tests something."""
    program = "import sys, wechatpay_chain; wechatpay_chain.WeChatPay; print('aiohttp' in sys.modules)"
    assert in_a_fresh_interpreter(program) == "True"


def test_no_other_name_brings_aiohttp() -> None:
    """Values, errors, chains and the receiving half come without aiohttp."""
    names = sorted(set(wechatpay_chain.__all__) - {"Merchants", "SyncWeChatPay", "WeChatPay"})
    program = f"import sys; from wechatpay_chain import {', '.join(names)}; print('aiohttp' in sys.modules)"
    assert in_a_fresh_interpreter(program) == "False"


def test_is_marked_as_typed() -> None:
    """Type checkers read the package's own annotations."""
    assert resources.files("wechatpay_chain").joinpath("py.typed").is_file()


def test_version_agrees_with_metadata() -> None:
    """What the User-Agent says is what pip shows."""
    assert wechatpay_chain.__version__ == metadata.version("wechatpay-chain")


def test_core_dependencies_are_three() -> None:
    """Installing the package brings aiohttp, cryptography and orjson; everything else is an extra."""
    required = [item for item in metadata.requires("wechatpay-chain") or [] if "extra ==" not in item]
    assert sorted(re.split("[^a-z]", item)[0] for item in required) == ["aiohttp", "cryptography", "orjson"]
