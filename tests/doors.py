"""Every door of the package, and every failure of the surroundings: `python -m tests.doors FOLDER`.

A door is a way into the package that touches files, threads, the event loop or the clock. For each failure the program
forks a child that sets it up, goes through every door, and prints as JSON what came out of each: an error's class and
text, or that it went well.
"""

from __future__ import annotations

import asyncio
import atexit
import errno
import json
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from wechatpay_chain import Attachment, Brand, Renewal, Request, Response, SyncWeChatPay, Webhook, WeChatPay, bills
from wechatpay_chain.batch import Batch, Item, read_csv, read_jsonl
from wechatpay_chain.client.merchants import Merchants
from wechatpay_chain.contrib import redis as _redis  # noqa: F401 - loaded before files can't be read any more
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.errors import WeChatPayError

LINK = "https://pay.wechatpay.cn/invoice.pdf"
IMAGE = "v3/merchant/media/upload"
REFUNDS = "v3/refund/domestic/refunds"
ECHO = "v3/security/echo"
BIG = os.urandom(200_000)
EMULATOR = Emulator()
KEY: bytes = EMULATOR.credentials()["private_key"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Place:
    """Where a door finds its files.

    Args:
        folder: where it may write.
        path: the file that it is given; by default one that is right.
    """

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        self._path = path

    def to_read(self, name: str, content: bytes) -> Path:
        """A file with this content, unless it is to be another one."""
        if self._path is not None:
            return self._path
        file = self.folder / name
        if not file.exists():
            file.write_bytes(content)
        return file

    def to_write(self, name: str) -> Path:
        """A path to write to."""
        return self._path if self._path is not None else self.folder / name

    def journal(self) -> Path:
        """A journal that is not what is tried."""
        folder = self.folder / "journals"
        if not folder.exists():
            folder.mkdir()
        return folder / secrets.token_hex(8)


Door = Callable[[Place], Awaitable[object]]


async def _file(request: Request) -> Response[Any]:
    return Response(status=200, content=BIG, request=request)


async def _pieces() -> AsyncIterator[bytes]:
    yield BIG


def client(**options: Any) -> WeChatPay:
    """A client of an emulator in this process."""
    arguments: dict[str, Any] = {**EMULATOR.credentials(), "transport": EMULATOR, "rate_limits": None, **options}
    return WeChatPay(**arguments)


async def call(place: Place) -> object:
    """A call."""
    async with client() as wxpay:
        return await wxpay.chain(ECHO).post(json={"echo_message": "x"})


async def blocking_call(place: Place) -> object:
    """A call that blocks, its client made and closed."""

    def work() -> object:
        with SyncWeChatPay(**EMULATOR.credentials(), transport=EMULATOR) as wxpay:
            return wxpay.chain(ECHO).post(json={"echo_message": "x"})

    return work()


async def call_over_the_network(place: Place) -> object:
    """A call to a port where nobody is."""
    async with WeChatPay(**EMULATOR.credentials(), base_url="http://localhost:9") as wxpay:
        return await wxpay.chain(ECHO).post(json={"echo_message": "x"}, retry=False, timeout=5)


async def download(place: Place) -> object:
    """A file to the disk."""
    async with client(transport=_file) as wxpay:
        return await wxpay.download(LINK, place.to_write("file"))


async def blocking_download(place: Place) -> object:
    """The same, blocking."""
    with SyncWeChatPay(**EMULATOR.credentials(), transport=_file) as wxpay:
        return wxpay.download(LINK, place.to_write("blocking file"))


async def many_calls(place: Place) -> object:
    """So many calls at once that threads sign them."""
    async with client() as wxpay:
        calls = (wxpay.chain(ECHO).post(json={"echo_message": "x"}) for _ in range(30))
        return await asyncio.gather(*calls)


async def stream(place: Place) -> object:
    """A file to the caller."""
    async with client(transport=_file) as wxpay:
        return [piece async for piece in wxpay.stream(LINK)]


async def bill(place: Place) -> object:
    """A bill by its day."""
    async with client() as wxpay:
        return await bills.fetch(wxpay, "trade", date(2026, 1, 1), to=place.to_write("bill"))


async def read_bill(place: Place) -> object:
    """A bill from the disk."""
    with bills.read(place.to_read("read.csv", BILL)) as rows:
        return list(rows)


async def upload_of_a_path(place: Place) -> object:
    """A file from the disk."""
    async with client() as wxpay:
        file = Attachment(content=place.to_read("image.png", BIG), name="image.png")
        return await wxpay.chain(IMAGE).post(file=file)


async def upload_of_chunks(place: Place) -> object:
    """A file that comes in pieces, and is kept in a temporary one."""
    async with client() as wxpay:
        return await wxpay.chain(IMAGE).post(file=Attachment(content=_pieces(), name="image.png"))


async def private_key(place: Place) -> object:
    """A client whose private key is a file."""
    return client(private_key=place.to_read("private.pem", KEY))


async def platform_key(place: Place) -> object:
    """A client whose platform key is a file."""
    ((serial, key),) = EMULATOR.credentials()["certs"].items()
    return client(certs={serial: place.to_read("public.pem", key.encode())})


async def merchant_cert(place: Place) -> object:
    """A client whose own certificate is a file."""
    certificate: bytes = EMULATOR.credentials()["merchant_cert"].encode()
    return client(merchant_cert=place.to_read("certificate.pem", certificate))


async def brands_key(place: Place) -> object:
    """A brand whose private key is a file."""
    given = EMULATOR.credentials()
    return Brand("120344", given["serial"], place.to_read("private.pem", KEY), certs=given["certs"])


async def webhooks_key(place: Place) -> object:
    """A webhook whose platform key is a file."""
    given = EMULATOR.credentials()
    ((serial, key),) = given["certs"].items()
    return Webhook(apiv3_key=given["apiv3_key"], certs={serial: place.to_read("public.pem", key.encode())})


async def from_env(place: Place) -> object:
    """A client from environment variables, its private key a file."""
    given = EMULATOR.credentials()
    ((identifier, public_key),) = given["certs"].items()
    path = str(place.to_read("private.pem", KEY))
    if "\0" in path or not path.isprintable():  # no environment can hold it
        return client(private_key=Path(path))
    os.environ.update(D_MCHID=given["mchid"], D_SERIAL=given["serial"], D_PRIVATE_KEY=path)
    return WeChatPay.from_env("D_", certs={identifier: public_key}, apiv3_key=given["apiv3_key"])


async def table(place: Place) -> object:
    """A table of items."""
    return list(read_csv(place.to_read("items.csv", b"out_refund_no,reason\n1,x\n"), REFUNDS))


async def lines(place: Place) -> object:
    """Items as lines of JSON."""
    return list(read_jsonl(place.to_read("items.jsonl", b'{"out_refund_no":"1"}\n'), REFUNDS))


class _Platform:
    async def send(self, request: Request) -> Response[Any]:
        return Response(status=200, content=json.dumps({"x": "y" * 4000}).encode(), request=request)


def _items() -> list[Item]:
    return [Item(path=REFUNDS, json={"out_refund_no": str(number)}) for number in range(50)]


async def journal(place: Place) -> object:
    """A batch with its journal."""
    async with Batch(_Platform(), place.to_write("journal"), repeat=True) as batch:
        return await batch.run(_items())


async def results(place: Place) -> object:
    """The results of a batch."""
    async with Batch(_Platform(), place.journal(), repeat=True) as batch:
        await batch.run(_items()[:5])
        await batch.write_results(place.to_write("results"))
        return batch.progress


async def batch_from_a_file(place: Place) -> object:
    """A batch whose items are in a file, which it reads in a thread."""
    file = place.to_read("items.jsonl", b'{"out_refund_no":"1"}\n')
    async with Batch(_Platform(), place.journal(), repeat=True) as batch:
        return await batch.run(read_jsonl(file, REFUNDS))


async def webhook(place: Place) -> object:
    """A notification, handled in a thread."""
    given = EMULATOR.credentials()
    hook = Webhook(apiv3_key=given["apiv3_key"], certs=given["certs"])
    handled: list[str] = []

    @hook.on()
    def handle(notification: Any) -> None:
        handled.append(notification.id)

    reply = await hook.dispatch(*EMULATOR.notification("TRANSACTION.SUCCESS"))
    await hook.aclose()
    return reply.status, handled


async def merchants(place: Place) -> object:
    """A registry of merchants over one session."""
    async with Merchants(transport=EMULATOR) as registry:
        registry.put(**EMULATOR.credentials())
        return await registry[EMULATOR.mchid].client.chain(ECHO).post(json={"echo_message": "x"})


async def kept_certificates(place: Place) -> object:
    """Certificates that renew themselves, kept in a file."""
    renewal = Renewal(cache=place.to_write("certificates.json"))
    async with client(renewal=renewal) as wxpay:
        return await wxpay.chain(ECHO).post(json={"echo_message": "x"})


BILL = (
    "记账时间,微信支付业务单号,业务名称,收支金额(元),账户结余(元),资金变更提交申请人,备注\r\n"
    "`2026-01-01 08:00:00,`W1,`交易,`0.29,`100.29,`系统,`茶\r\n"
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"
    "`1,`1,`0.29,`0,`0.00\r\n"
).encode()

READING: tuple[Door, ...] = (
    read_bill,
    upload_of_a_path,
    private_key,
    platform_key,
    merchant_cert,
    brands_key,
    webhooks_key,
    from_env,
    table,
    lines,
    batch_from_a_file,
)
WRITING: tuple[Door, ...] = (download, blocking_download, bill, journal, results)
# Files are a help to these, and no need.
OTHERS: tuple[Door, ...] = (
    call,
    many_calls,
    blocking_call,
    call_over_the_network,
    stream,
    upload_of_chunks,
    webhook,
    merchants,
    kept_certificates,
)
DOORS = (*READING, *WRITING, *OTHERS)


def no_temporary_folder(folder: Path) -> Place:
    """There is none that can be written."""
    tempfile.tempdir = None
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(folder / "missing")
    setattr(tempfile, "_candidate_tempdir_list", lambda: [str(folder / "missing")])  # noqa: B010 - it is a private one
    return Place(folder)


def full_disk(folder: Path) -> Place:
    """No file may grow beyond a few kilobytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    return Place(folder)


def no_room_at_all(folder: Path) -> Place:
    """Nothing can be written."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return Place(folder)


def no_permission(folder: Path) -> Place:
    """The folder belongs to somebody else, and so do the files."""
    for file in folder.iterdir():
        file.chmod(0o000)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    return Place(folder)


def read_only_root(folder: Path) -> Place:
    """The file system takes no writing; what stands there can be read."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in {"os.mkdir", "os.rename"}:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    sys.addaudithook(refuse)
    return Place(folder)


def no_descriptors(folder: Path) -> Place:
    """The process may open nothing more."""
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return Place(folder)


def far_future(folder: Path) -> Place:
    """The clock is in the year 33658."""
    time.time = lambda: 1e12
    return Place(folder)


def shutting_down(folder: Path) -> Place:
    """The interpreter goes down: the doors are tried by a function of `atexit`."""
    return Place(folder)


def nothing(folder: Path) -> Place:
    """Nothing is wrong."""
    return Place(folder)


FAILURES = {
    failure.__name__.replace("_", " "): failure
    for failure in (
        nothing,
        no_temporary_folder,
        full_disk,
        no_room_at_all,
        no_permission,
        read_only_root,
        no_descriptors,
        far_future,
        shutting_down,
    )
}


def told(error: BaseException) -> tuple[str, str]:
    """An error as JSON: its class, with an asterisk if it is none of ours, and its text."""
    return type(error).__name__ + ("" if isinstance(error, WeChatPayError) else "*"), str(error)


async def through(door: Door, place: Place) -> object:
    """Go through one door; a minute is for machines that have much else to do."""
    async with asyncio.timeout(60):
        return await door(place)


def tried(place: Place, loop: asyncio.AbstractEventLoop | None = None) -> dict[str, tuple[str, str]]:
    """What comes out of each door."""
    found: dict[str, tuple[str, str]] = {}
    for door in DOORS:
        try:
            if loop is None:
                asyncio.run(through(door, place))
            else:
                loop.run_until_complete(through(door, place))
        except BaseException as error:  # noqa: BLE001 - what comes out is the question
            found[door.__name__] = told(error)
        else:
            found[door.__name__] = ("", "")
    return found


def suffer(name: str, folder: Path) -> None:
    """Set a failure up, and try; in a process of its own."""
    loop = asyncio.new_event_loop()
    place = FAILURES[name](folder)

    def report() -> None:
        print(json.dumps({name: tried(place, loop)}), flush=True)
        os._exit(0)

    if name == "shutting down":
        atexit.register(report)
        sys.exit()
    report()


def main() -> None:
    """All failures, one after the other."""
    root = Path(sys.argv[1])
    (root / "first").mkdir()
    # Everything is loaded, and all files are written, before anything fails.
    tried(Place(root / "first"))
    for name in FAILURES:
        folder = root / name
        folder.mkdir()
        Place(folder).journal().parent.chmod(0o777)
        for file in (root / "first").iterdir():
            if file.suffix in {".pem", ".csv", ".jsonl", ".png"}:
                (folder / file.name).write_bytes(file.read_bytes())
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            suffer(name, folder)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
