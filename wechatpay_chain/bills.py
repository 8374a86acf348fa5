"""Bills: applied for, downloaded, opened where they are encrypted, and read.

    path = await bills.fetch(wxpay, "trade", date(2026, 1, 1), to="trade.csv")
    with bills.read(path) as rows:
        for row in rows:
            print(row["微信订单号"], row["订单金额"])      # amounts are Decimals, never floats
    print(rows.summary)

With a `SyncWeChatPay`, `fetch` and `fetch_encrypted` block.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import date, datetime
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Literal, Protocol, cast

from ._both_clients import for_both_clients
from ._threads import in_thread
from .crypto import aead, asymmetric
from .crypto.asymmetric import PrivateKey
from .errors import ConfigurationError, WeChatPayError, type_of
from .files.bill_rows import DoubtfulRow, Rows, Value, fen
from .files.bill_text import lines_of
from .files.content import checked, unpacked
from .files.disk import check_target, open_new, open_private, part_of, path_of, tidied, writing
from .files.links import Link
from .http.request import Request
from .http.response import Response

__all__ = ["KINDS", "DoubtfulRow", "Kind", "Rows", "Value", "fen", "fetch", "fetch_encrypted", "read"]

Kind = Literal["trade", "fund_flow", "profit_sharing", "statement"]

KINDS: Mapping[Kind, str] = {
    "trade": "/v3/bill/tradebill",
    "fund_flow": "/v3/bill/fundflowbill",
    "profit_sharing": "/v3/profitsharing/bills",
    "statement": "/v3/global/statements",
}
"""The paths of the bills that `fetch` knows by name; an overseas statement is the answer itself."""

ENCRYPTED = ("/v3/bill/sub-merchant-fundflowbill", "/v3/ecommerce/bill/fundflowbill", "/v3/payscore/merchant-bill")
"""The paths of the bills that come in encrypted parts."""

_COMPACT = "%Y%m%d"


class Client(Protocol):
    """The methods of a client that are used here."""

    async def send(self, request: Request) -> Response[Any]: ...

    def stream(self, link: Link, *, unpack: bool = True) -> AsyncGenerator[bytes, None]: ...

    async def download(self, link: Link, to: str | Path) -> Path: ...


@for_both_clients
async def fetch(wxpay: Client, /, kind: Kind, day: date, *, to: str | Path, **params: Any) -> Path:
    """Apply for a bill and download it, packed on its way and unpacked in the file.

    Bills of a day are made from 9 o'clock of the next; ask after 10. They can be had for three months.

    Args:
        wxpay: the client.
        kind: `trade`, `fund_flow`, `profit_sharing`, or `statement` for an overseas one.
        day: of the bill.
        to: path of the file to be written.
        params: further parameters, such as `bill_type`, `account_type`, `sub_mchid`.

    Returns:
        `to`, as a path.

    Raises:
        ConfigurationError: an unknown kind, or something else than a date or a path.
        SignatureError: the bill has another digest than was announced.
        WeChatPayError: as any call.
    """
    if kind not in KINDS:
        raise ConfigurationError("kind", f"{kind!r} was found", f"Give one of {', '.join(KINDS)}")
    if isinstance(day, datetime) or not isinstance(day, date):  # pyright: ignore[reportUnnecessaryIsInstance]: callers may be untyped
        raise ConfigurationError(
            "day", f"{type_of(day)} was found", "Give a date: a bill is of a day in Beijing, date(2026, 1, 1)"
        )
    if kind == "statement":
        given = {"date": day.strftime(_COMPACT), **params}
        return await wxpay.download(Request(method="GET", template=KINDS[kind], params=given), to)
    given = {"bill_date": day.isoformat(), "tar_type": "GZIP", **params}
    answer = await wxpay.send(Request(method="GET", template=KINDS[kind], params=given))
    return await wxpay.download(answer, to)


@for_both_clients
async def fetch_encrypted(
    wxpay: Client, /, path: str, *, to: str | Path, private_key: PrivateKey | None = None, **params: Any
) -> Path:
    """Apply for an encrypted bill, download all its parts at once, open and join them.

    https://pay.weixin.qq.com/doc/v3/partner/4014314390

    Args:
        wxpay: the client.
        path: one of `ENCRYPTED`.
        to: path of the file to be written.
        private_key: the merchant's, which opens the parts' keys; only where the client doesn't hold it (`Signer`).
        params: `bill_date`, `account_type` and what else the operation takes; with `algorithm="SM4_GCM"` the parts are
            encrypted with SM4 instead of AES.

    Returns:
        `to`, as a path.

    Raises:
        ConfigurationError: an unknown algorithm, a path whose bills are not encrypted, or no private key anywhere.
        DecryptionError: a part was encrypted for another key, or changed on its way.
        SignatureError: a part has another digest than was announced.
        WeChatPayError: as any call.
    """
    to = path_of(to, "to", "Give the path of the file to be written")
    await check_target(to)
    # The platform spells this parameter in two ways.
    name = "encryption_algorithm" if path == ENCRYPTED[-1] else "algorithm"
    given = {"tar_type": "GZIP", name: aead.AES_256_GCM, **params}
    if given[name] not in aead.CIPHERS:
        raise ConfigurationError(name, f"{given[name]!r} was found", f"Give one of {', '.join(aead.CIPHERS)}")
    answer = await wxpay.send(Request(method="GET", template=path, params=given))
    listed = _parts(answer)
    files = [part_of(to) for _ in listed]
    whole = part_of(to)
    try:
        async with asyncio.TaskGroup() as group:
            for part, file in zip(listed, files, strict=True):
                group.create_task(_write(_opened(wxpay, part, private_key, given[name]), file))
        with writing(to):
            await in_thread(_join, files, whole)
            await in_thread(whole.replace, to)
    except ExceptionGroup as failed:
        # The first error: it cancelled the other downloads.
        raise failed.exceptions[0] from None
    finally:
        await tidied(_remove, (*files, whole))
    return to


@contextmanager
def read(source: str | Path | bytes, *, fen: bool = False) -> Generator[Rows]:
    """Open a bill for reading: iterate over it for its rows as dicts, then `summary` has the totals.

    Bills are read as they are downloaded, packed with gzip, exported from the merchant portal, or saved again by Excel.
    `is_complete` says in the end whether all was read; if not, see `doubtful` and `differences`.

    Args:
        source: path of the file, or its content.
        fen: whether amounts are given in fen, as int, instead of in yuan, as Decimal.

    Raises:
        DecodeError: it is no bill (a refusal or a page in its place, another kind of file), or it was cut off; also
            while iterating.
        ConfigurationError: the file can't be read; also while iterating.
    """
    with _opened_source(source) as file:
        yield Rows(_lines(file, source), fen=fen)


def _opened_source(source: str | Path | bytes) -> BufferedReader:
    if isinstance(source, bytes):
        # BytesIO itself has no `peek`.
        return BufferedReader(cast("RawIOBase", BytesIO(source)))
    path = path_of(source, "source", "Give the path of a downloaded bill, or its content as bytes")
    with _readable(path):
        return path.open("rb")


def _lines(file: BufferedReader, source: str | Path | bytes) -> Iterator[str]:
    # An error of the caller's own block is not converted.
    with _readable(source):
        yield from lines_of(file)


@contextmanager
def _readable(source: str | Path | bytes) -> Generator[None]:
    """Name the file in the error where it can't be read."""
    try:
        yield
    except WeChatPayError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        shown = "the content" if isinstance(source, bytes) else repr(str(source))
        raise ConfigurationError(
            "source", f"{shown} cannot be read ({reason})", "Give the path of a downloaded bill"
        ) from None


def _parts(answer: Response[Any]) -> list[dict[str, Any]]:
    found: object = answer.json()
    listed = cast("dict[str, Any]", found).get("download_bill_list") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ConfigurationError("path", "its answer holds no parts", f"Give one of {', '.join(ENCRYPTED)}")
    parts = cast("list[dict[str, Any]]", listed)
    return sorted(parts, key=lambda part: int(part.get("bill_sequence", 0)))


async def _opened(
    wxpay: Client, part: Mapping[str, Any], private_key: PrivateKey | None, algorithm: str
) -> AsyncGenerator[bytes, None]:
    opener = aead.Opener(algorithm, _key(part, private_key).encode(), str(part.get("nonce", "")).encode())
    async with aclosing(wxpay.stream(part, unpack=False)) as sealed:
        plain = unpacked(_decrypted(sealed, opener))
        expected = str(part.get("hash_value", ""))
        async for piece in checked(plain, str(part.get("hash_type", "SHA1")), expected) if expected else plain:
            yield piece


def _key(part: Mapping[str, Any], private_key: PrivateKey | None) -> str:
    key = str(part.get("encrypt_key", ""))
    # A client that holds the private key has decrypted it already, like any secret field of an answer.
    if len(key) <= aead.KEY_SIZE:
        return key
    if private_key is None:
        raise ConfigurationError(
            "private_key", "the client doesn't hold it, and the bill's key is encrypted for it", "Give it here"
        )
    return asymmetric.decrypt(private_key, key)


async def _decrypted(sealed: AsyncGenerator[bytes, None], opener: aead.Opener) -> AsyncGenerator[bytes, None]:
    async for chunk in sealed:
        yield opener.feed(chunk)
    opener.finish()


async def _write(pieces: AsyncGenerator[bytes, None], file: Path) -> None:
    with writing(file), await open_new(file) as opened:
        async with aclosing(pieces):
            async for piece in pieces:
                await in_thread(opened.write, piece)


def _join(files: Iterable[Path], whole: Path) -> None:
    with open_private(whole) as target:
        for file in files:
            with file.open("rb") as part:
                copyfileobj(part, target)


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
