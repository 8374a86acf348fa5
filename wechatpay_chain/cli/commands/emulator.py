"""`emulator`: runs the emulator on a port, for programs in other processes."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from ...emulator import Emulator, KeyPair
from ...emulator import folder as folders
from ...errors import ConfigurationError
from ..exits import Exit
from ..inputs import port
from ..terminal import show_error


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `emulator`."""
    parser.add_argument(
        "--folder",
        type=Path,
        help=f"keys and state, made on first start and used again ({folders.DEFAULT}, without --memory and --out)",
    )
    parser.add_argument("--memory", action="store_true", help="keep nothing on disk")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write keys and settings there, without overwriting; no state"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=port, default=0, help="port to listen on (a free one)")
    parser.add_argument("--mchid", default="1900000109", help="merchant number (1900000109)")
    parser.add_argument("--sm", action="store_true", help="put the merchant into SM mode, with a key of SM2")
    parser.add_argument("--tls", action="store_true", help="listen with https, too, with an authority of its own")
    parser.add_argument("--speed", type=float, default=1.0, help="world seconds in a real second (1)")
    parser.add_argument("--pay-after", type=float, metavar="SECONDS", help="pay every order by itself")
    parser.add_argument(
        "--notify",
        action="append",
        default=[],
        metavar="URL=URL",
        help="where the notifications for a beginning of URLs go: https://shop.example=http://127.0.0.1:8000",
    )
    parser.add_argument(
        "--no-limits", action="store_true", help="refuse no call for its rate, for a rehearsal of many in little time"
    )
    parser.add_argument("--keep", type=int, default=1000, help="how many calls are kept (1000)")
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    try:
        asyncio.run(_run(options))
    except FileExistsError as error:
        raise ConfigurationError(
            "--out", f"{error.filename} exists and is not overwritten", "Give another folder"
        ) from None
    except OSError as error:
        show_error(f"the emulator can't start: {error.strerror or error}")
        return Exit.USAGE
    except KeyboardInterrupt:
        pass
    return 0


async def _run(options: argparse.Namespace) -> None:
    folder: Path | None = options.folder
    if folder is None and not options.memory and not options.out:
        folder = folders.DEFAULT
    if folder is not None and options.memory:
        raise ConfigurationError("--memory", "a folder is named, too", "Leave one of them out")
    if options.speed < 0 or options.keep < 1:
        raise ConfigurationError(
            "speed or keep", "a value out of range was found", "Give a speed from 0, and keep 1 or more"
        )
    emulator = Emulator(
        mchid=options.mchid,
        state=folder,
        keep=options.keep,
        notify=dict(_pair(text) for text in options.notify),
        pay_after=options.pay_after,
        rate_limits=not options.no_limits,
    )
    if options.sm and emulator.merchant_key.algorithm != "SM2":
        emulator.add_merchant(replace(emulator.world.merchants[emulator.mchid], key=KeyPair.merchant("SM2")))
    emulator.run_at(options.speed)
    ended = _ended()
    async with AsyncExitStack() as stack:
        stack.callback(emulator.close)
        base_url = await stack.enter_async_context(emulator.listen(options.host, options.port))
        lines = [f"listening on {base_url}"]
        lines += _write(emulator, folder, options.out, base_url)
        if folder is not None:
            stack.callback(folders.forget_running, folder)
        lines.append(f"page         {base_url}/_emulator/")
        if options.tls:
            secure_url, authority = await _listen_with_tls(emulator, options.host, folder, stack)
            lines += [f"https        {secure_url}", f"authority    {authority}"]
        print("\n".join(lines), flush=True)
        await ended.wait()


async def _listen_with_tls(emulator: Emulator, host: str, home: Path | None, stack: AsyncExitStack) -> tuple[str, Path]:
    from ...emulator.authority import CERTIFICATE, Authority

    if home is None:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wechatpay-emulator-")))
    secure_url = await stack.enter_async_context(emulator.listen(host, tls=Authority.of(home).context(home)))
    return secure_url, (home / CERTIFICATE).resolve()


def _write(emulator: Emulator, folder: Path | None, out: Path | None, base_url: str) -> list[str]:
    """Write the files that other programs need, and return lines that tell where they are."""
    merchant = emulator.world.merchants[emulator.mchid]
    platform_key = next(key for key in emulator.platform_keys if key.algorithm == merchant.key.algorithm)
    lines: list[str] = []
    for target, over in ((folder, True), (out, False)):
        if target is not None:
            folders.write_keys(target, merchant, platform_key, base_url, over=over)
            file = target / folders.ENVIRONMENT
            lines.append(f"settings in  {file}: set -a; . {shlex.quote(str(file))}; set +a, then WeChatPay.from_env()")
    if folder is not None:
        folders.write_running(folder, base_url)
    return lines


def _ended() -> asyncio.Event:
    """An event that SIGTERM sets; Ctrl-C ends the program anyway."""
    ended = asyncio.Event()
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    return ended


def _pair(text: str) -> tuple[str, str]:
    wanted, equals, actual = text.partition("=")
    if not equals:
        raise ConfigurationError(
            "--notify", f"{text!r} was found", "Give a pair such as https://shop.example=http://127.0.0.1:8000"
        )
    return wanted, actual
