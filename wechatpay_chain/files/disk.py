"""Files that callers name: read, or written privately while they come; nothing else is raised than our own errors."""

from __future__ import annotations

import asyncio
import os
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
        given: what the caller gave.
        argument: where.
        remedy: what to do, where it is neither.

    Raises:
        ConfigurationError: it is something else, such as an open file.
    """
    if not isinstance(given, str | os.PathLike):
        raise ConfigurationError(argument, f"{type_of(given)} was found", remedy)
    return Path(cast("str | os.PathLike[str]", given))


async def check_target(to: Path) -> None:
    """Refuse a place where no file can be put.

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


@contextmanager
def writing(to: Path) -> Generator[None]:
    """Say of what can't be written which file it was.

    Args:
        to: the file that a caller asked for.

    Raises:
        ConfigurationError: the disk is full, the folder is not there or may not be written, or it is no name of a file.
    """
    try:
        yield
    except WeChatPayError:
        raise  # a lost connection is an OSError too, and not the file's
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            "to", f"{str(to)!r} cannot be written ({reason})", "Give a path that can be, on a disk with room"
        ) from None


@contextmanager
def reading(file: Path) -> Generator[None]:
    """Say of what can't be read which file it was.

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
    """Open a file that doesn't exist yet, which only its owner may read: bills hold names and amounts.

    Raises:
        OSError: it exists, or can't be made.
    """
    return open(file, "xb", opener=_private)


async def open_new(file: Path) -> BinaryIO:
    """Open such a file in a thread; a caller that is cancelled meanwhile leaves none behind.

    Raises:
        OSError: it exists, or can't be made.
    """

    def discard(opened: BinaryIO) -> None:
        opened.close()
        file.unlink(missing_ok=True)

    return await opened_in_thread(partial(open_private, file), discard)


async def opened_in_thread(opening: Callable[[], T], discard: Callable[[T], object]) -> T:
    """What is opened in a thread; a caller that is cancelled meanwhile, however often, leaves it to `discard`.

    Args:
        opening: opens it.
        discard: closes it.
    """
    opened = list[T]()
    is_wanted = True

    def open_it() -> None:
        opened.append(opening())
        if not is_wanted:
            discard_opened()

    def discard_opened() -> None:
        with suppress(IndexError):  # not opened yet, or discarded by the other thread
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
    """Tidy up in a thread; a caller that is cancelled meanwhile ends when that has ended.

    Args:
        function: tidies up, and does nothing when it is called again.
        arguments: of the function.
    """
    tidying = asyncio.ensure_future(in_thread(function, *arguments))
    try:
        await asyncio.shield(tidying)
    except asyncio.CancelledError:
        await asyncio.wait([tidying])
        if tidying.cancelled():  # an event loop that ends cancels all tasks, maybe before the thread has begun
            function(*arguments)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
