"""Every operation that sends or leads to a file, called through the chain against the emulator, which checks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.products.test_synthetic import _arguments
from wechatpay_chain import Request, WeChatPay, bills, catalogue
from wechatpay_chain.catalogue.records import Fields, record
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.files import BILL
from wechatpay_chain.emulator.world.merchants import Merchant

V3 = [operation for operation in catalogue.operations() if not operation.path.startswith("/v2/")]
UPLOADS = [operation for operation in V3 if operation.body == "multipart"]
FILES = [operation for operation in V3 if operation.answer == "file"]


def names(fields: Fields) -> Iterator[str]:
    """The names of all fields of an answer."""
    for name, field in fields.items():
        yield name
        yield from names(field.get("fields", {}))


LINKS = [
    operation
    for operation in V3
    if "download_url" in names(record(operation.method, operation.path)["resp"].get("fields", {}))
]

pytestmark = pytest.mark.filterwarnings("ignore::wechatpay_chain.WeChatPayWarning")


def name_of(operation: catalogue.Operation) -> str:
    """A test's name."""
    return f"{operation.method}{operation.path}"


@pytest.fixture
def client(emulator: Emulator) -> WeChatPay:
    """A client in the emulator's process."""
    emulator.add_merchant(Merchant(mchid="1004", role="brand"))
    keys = {**emulator.credentials(), **emulator.credentials("1004")}
    return WeChatPay(**keys, transport=emulator)


async def call(client: WeChatPay, operation: catalogue.Operation, folder: Path) -> Any:
    """Call it with all its fields."""
    arguments = dict(_arguments(operation, folder))
    if operation.path in bills.KINDS.values():
        # So old a day has the sample that the emulator keeps; a newer one would need payments.
        arguments["params"] = {**arguments["params"], "bill_date": "2026-01-01"}
    return await getattr(client[operation.path], operation.method.lower())(**arguments)


def content(path: Path) -> bytes:
    """What a file holds."""
    return path.read_bytes()


def links(value: Any) -> Iterator[dict[str, Any]]:
    """Every member of an answer that holds a link."""
    if isinstance(value, dict):
        if "download_url" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from links(item)


@pytest.mark.parametrize("operation", UPLOADS, ids=name_of)
async def test_upload(emulator: Emulator, client: WeChatPay, operation: catalogue.Operation, tmp_path: Path) -> None:
    """The file arrives under the operation's own part, with the digest that it asks for in its signed meta."""
    assert (await call(client, operation, tmp_path)).verified
    received = emulator.calls[-1]
    assert received.file == b"content"
    assert received.meta is not None
    assert operation.digest_field in received.meta


@pytest.mark.parametrize("operation", FILES, ids=name_of)
async def test_file(client: WeChatPay, operation: catalogue.Operation, tmp_path: Path) -> None:
    """The answer is the file, whole as an answer and downloaded piece by piece."""
    answer = await call(client, operation, tmp_path)
    arguments = dict(_arguments(operation, tmp_path))
    request = Request(
        method="GET",
        template=operation.path,
        path=operation.path.replace("{media_id}", "v1"),
        params=arguments.get("params"),
    )
    assert content(await client.download(request, tmp_path / "file")) == answer.content != b""


@pytest.mark.parametrize("operation", LINKS, ids=name_of)
async def test_link(client: WeChatPay, operation: catalogue.Operation, tmp_path: Path) -> None:
    """Every link of the answer leads to the file whose digest it announces."""
    if operation.path in bills.ENCRYPTED:
        params = {
            name: value
            for name, value in dict(_arguments(operation, tmp_path))["params"].items()
            if name not in {"algorithm", "encryption_algorithm"}
        }
        path = await bills.fetch_encrypted(client, operation.path, to=tmp_path / "file", **params)
        assert content(path) == BILL
        return
    found = list(links((await call(client, operation, tmp_path)).json()))
    assert found
    for link in found:
        assert content(await client.download(link, tmp_path / "file")) == BILL


def test_none_is_left_out() -> None:
    """So many are there of each kind, and one more upload is APIv2's."""
    assert (len(UPLOADS), len(FILES), len(LINKS)) == (16, 8, 31)
