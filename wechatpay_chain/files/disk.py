"""Reading and writing files that callers name, with our own errors; what is written is readable by its owner only."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from .._threads import in_thread
from ..errors import ConfigurationError, WeChatPayError, type_of

T = TypeVar("T")


def path_of(given: object, argument: str, remedy: str) -> Path:
    """The path that a caller gave, as text or as a path.

    Args:
        given: by the caller.
        argument: the argument's name.
        remedy: for the error.

    Raises:
        ConfigurationError: it is something else, such as an open file.
    """
    if not isinstance(given, str | os.PathLike):
        raise ConfigurationError(argument, f"{type_of(given)} was found", remedy)
    return Path(cast("str | os.PathLike[str]", given))


async def check_target(to: Path) -> None:
    """Refuse a path at which no file can be written.

    Args:
        to: the file that a caller asked for.

    Raises:
        ConfigurationError: a folder is there, or a device or a pipe (`/dev/null`), which a file would replace; or it is
            no name of a file.
    """
    with writing(to):
        is_free = bool(to.name) and await in_thread(lambda: to.is_file() or not to.exists())
    if not is_free:
        what = "a folder" if not to.name or await in_thread(to.is_dir) else "a device or a pipe"
        raise ConfigurationError("to", f"{str(to)!r} is {what}", "Give the path of the file to be written")


def part_of(to: Path) -> Path:
    """Where a file is written until it is whole, beside it: two programs that write the same one have two of these."""
    return to.with_name(f".{secrets.token_hex(8)}.part")


@contextmanager
def writing(to: Path) -> Generator[None]:
    """Convert errors of writing in the block into one that names the file.

    Args:
        to: the file that a caller asked for.

    Raises:
        ConfigurationError: the disk is full, the folder is not there or may not be written, or it is no name of a file.
    """
    try:
        yield
    except WeChatPayError:
        raise  # a lost connection, which is an OSError too
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            "to", f"{str(to)!r} cannot be written ({reason})", "Give a path that can be, on a disk with room"
        ) from None


@contextmanager
def reading(file: Path) -> Generator[None]:
    """Convert errors of reading in the block into one that names the file.

    Args:
        file: the file that a caller gave.

    Raises:
        ConfigurationError: it is not there, is a folder, may not be read, or it is no name of a file.
    """
    try:
        yield
    except WeChatPayError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            "file", f"{str(file)!r} cannot be read ({reason})", "Give the path of a file that this user may read"
        ) from None


def open_private(file: Path) -> BinaryIO:
    """Create a file that only its owner may read, because bills hold names and amounts.

    Raises:
        OSError: it exists, or can't be made.
    """
    return open(file, "xb", opener=_private)


async def open_new(file: Path) -> BinaryIO:
    """The same in a thread. If the caller is cancelled meanwhile, no file is left behind.

    Raises:
        OSError: it exists, or can't be made.
    """

    def discard(opened: BinaryIO) -> None:
        opened.close()
        file.unlink(missing_ok=True)

    return await opened_in_thread(partial(open_private, file), discard)


async def opened_in_thread(opening: Callable[[], T], discard: Callable[[T], object]) -> T:
    """Open something in a thread. If the caller is cancelled meanwhile, however often, it is discarded.

    Args:
        opening: opens and returns it.
        discard: closes it.
    """
    opened = list[T]()
    is_wanted = True

    def open_it() -> None:
        opened.append(opening())
        if not is_wanted:
            discard_opened()

    def discard_opened() -> None:
        with suppress(IndexError):  # it isn't open yet, or the other thread has discarded it
            discard(opened.pop())

    work = asyncio.ensure_future(in_thread(open_it))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        is_wanted = False
        discard_opened()
        await asyncio.wait([work])
        raise
    return opened.pop()


async def tidied(function: Callable[..., object], *arguments: Any) -> None:
    """Tidy up in a thread. A caller that is cancelled meanwhile waits for its end.

    Args:
        function: tidies up; a second call does nothing.
        arguments: of the function.
    """
    tidying = asyncio.ensure_future(in_thread(function, *arguments))
    try:
        await asyncio.shield(tidying)
    except asyncio.CancelledError:
        await asyncio.wait([tidying])
        if tidying.cancelled():  # an ending event loop cancels all tasks, maybe before the thread has begun
            function(*arguments)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
