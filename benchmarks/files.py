"""What a big file costs on its way out and in: time, memory, and the event loop's longest stall.

    python benchmarks/files.py

200 MB are hashed and uploaded, 1 GB is downloaded, as it is and packed, checked and written, over loopback. The server
is a process of its own, and so is each measurement, so that the memory is the client's alone: the most that the process
held meanwhile, beyond what it held after a first small call (from Linux's /proc). The stall is how much longer than
asked for a pause of 1 ms was. Of three rounds the best time and stall count, because other programs of the machine only
make them worse, and the most memory. Exits with 1 when more than 20 MB or 5 ms were found.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen, run
from tempfile import TemporaryDirectory
from typing import Any

from wechatpay_chain import WeChatPay
from wechatpay_chain.crypto import rsa
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.wire import v3

MOST_MEMORY, LONGEST_STALL = 20.0, 5.0
ROUNDS = 3
MB = 10**6
UPLOADED, DOWNLOADED = 200 * MB, 1000 * MB
ROW = "`2026-01-01 08:00:00,`wx2421b1c4370ec43b,`1900000109,`{:020},`A{:010},`SUCCESS,`{}.{:02},`0.60%\r\n"
BLOCK = "".join(ROW.format(n * 7919, n * 104729 % 10**10, n % 997, n % 100) for n in range(12_000)).encode()[:MB]
PACKED = gzip.compress(BLOCK)
MEASURED = {"upload": UPLOADED, "download": DOWNLOADED, "download packed": DOWNLOADED}


async def serve() -> None:
    """Swallow uploads and answer them signed, and give out as many blocks as a path asks for; print who this is."""
    pair = KeyPair.wechatpay()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b" ", 2)
                lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                left = int(lengths[0]) if lengths else 0
                while left:
                    left -= len(await reader.read(min(left, MB)))
                if method == b"POST":
                    writer.write(signed(pair))
                else:
                    block = PACKED if b"packed" in target else BLOCK
                    blocks = int(target.rpartition(b"=")[2])
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(block) * blocks))
                    for _ in range(blocks):
                        writer.write(block)
                        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=MB)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": port, "serial": pair.serial, "public_key": pair.public_pem}), flush=True)
    await server.serve_forever()


def signed(pair: KeyPair) -> bytes:
    """An answer whose signature holds."""
    body, timestamp, nonce = b'{"media_id":"1"}', str(int(time.time())), v3.make_nonce()
    signature = base64.b64encode(rsa.sign(pair.rsa_key, v3.answer_message(timestamp, nonce, body))).decode()
    headers = {
        "Content-Length": str(len(body)),
        v3.TIMESTAMP_HEADER: timestamp,
        v3.NONCE_HEADER: nonce,
        v3.SERIAL_HEADER: pair.serial,
        v3.SIGNATURE_HEADER: signature,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


async def measure(kind: str, platform: dict[str, Any]) -> None:
    """Measure one kind in this process, and print seconds, MB and ms."""
    credentials: dict[str, Any] = {**Emulator().credentials(), "certs": {platform["serial"]: platform["public_key"]}}
    base_url = f"http://127.0.0.1:{platform['port']}"
    with TemporaryDirectory() as folder:
        async with WeChatPay(**credentials, base_url=base_url) as wxpay:
            warm_up, call = (prepare(wxpay, Path(folder), kind, size, base_url) for size in (MB, MEASURED[kind]))
            await warm_up()
            forget_peak()
            before, stalls = memory("VmRSS"), asyncio.create_task(longest_stall())
            started = time.perf_counter()
            await call()
            seconds = time.perf_counter() - started
            stalls.cancel()
            print(json.dumps([seconds, memory("VmHWM") - before, await stalls]))


def prepare(wxpay: WeChatPay, folder: Path, kind: str, size: int, base_url: str) -> Callable[[], Awaitable[object]]:
    """A call that sends or gets so many bytes: a file of random ones, or a bill whose digest is known."""
    if kind == "upload":
        file = folder / f"{size}.bin"
        with file.open("wb") as opened:
            for _ in range(size // MB):
                opened.write(os.urandom(MB))
        return lambda: wxpay["v3/new/upload"].post(file=file)
    sha1 = hashlib.sha1(usedforsecurity=False)
    for _ in range(size // MB):
        sha1.update(BLOCK)
    link = f"{base_url}/v3/billdownload/file?token={kind.replace(' ', '-')}&blocks={size // MB}"
    return lambda: wxpay.download(link, folder / "bill.csv", hash_type="SHA1", hash_value=sha1.hexdigest())


async def longest_stall() -> float:
    """How many ms too late the loop came back at worst, until this is cancelled."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            started = time.perf_counter()
            await asyncio.sleep(1e-3)
            longest = max(longest, (time.perf_counter() - started) * 1e3 - 1)
    return longest


def forget_peak() -> None:
    """Make the most that this process held what it holds now."""
    Path("/proc/self/clear_refs").write_text("5")


def memory(name: str) -> float:
    """What this process holds (`VmRSS`), or held at most (`VmHWM`), in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1e3


def main() -> int:
    """Start the server, measure each kind, print."""
    exceeded = False
    with Popen([sys.executable, __file__, "serve"], stdout=PIPE) as server:  # noqa: S603 - this program
        platform = server.stdout.readline().decode() if server.stdout else ""
        for kind, size in MEASURED.items():
            found: list[list[float]] = []
            for _ in range(ROUNDS):
                done = run([sys.executable, __file__, kind, platform], check=True, stdout=PIPE)  # noqa: S603 - the same
                found.append(json.loads(done.stdout))
            seconds, growth, stalls = zip(*found, strict=True)
            exceeded |= max(growth) > MOST_MEMORY or min(stalls) > LONGEST_STALL
            print(f"{kind:16} {size / MB / min(seconds):4.0f} MB/s  +{max(growth):.1f} MB  stall {min(stalls):.2f} ms")
        server.kill()
    return int(exceeded)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    asyncio.run(serve() if sys.argv[1] == "serve" else measure(sys.argv[1], json.loads(sys.argv[2])))
