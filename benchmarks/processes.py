"""The processes of contestants, and a platform for them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks import instructions
from benchmarks.answering import Answering, make_keys


class Contestant:
    """The process of a contestant.

    Args:
        name: of the contestant, with `+uvloop` for that event loop.
        given: the keys and the base URL.
        tool: a program that runs it, with its arguments.
    """

    def __init__(self, name: str, given: dict[str, str], tool: Sequence[str] = ()) -> None:
        program, *options = name.split("+")
        self._process = subprocess.Popen(  # noqa: S603 - programs of this folder
            [*tool, sys.executable, "-m", "benchmarks.contestants", program, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say(given)

    def burst(self, concurrency: int, calls: int, *, watch: bool = False) -> dict[str, float]:
        """Have it make so many calls."""
        self.say({"concurrency": concurrency, "calls": calls, "watch": watch})
        return self.hear()

    def hear(self) -> dict[str, float]:
        """What it says."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the contestant ended with {self._process.wait()}")
        return dict(json.loads(line))

    def say(self, value: object) -> None:
        """Tell it something."""
        if self._process.stdin:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Let it come to its end."""
        self._process.communicate()

    def end(self) -> None:
        """Let it go."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def contestants(names: Sequence[str], *, with_rsa: bool = True) -> Iterator[tuple[dict[str, Contestant], Answering]]:
    """The processes of these contestants by name, and their platform.

    Args:
        names: as for `Contestant`.
        with_rsa: whether the platform checks what they sign and seal.
    """
    keys = make_keys()
    with Answering(keys, checks=with_rsa) as platform, ExitStack() as stack:
        given = {**keys, "base_url": platform.base_url}
        started: dict[str, Contestant] = {}
        for number, name in enumerate(names):
            label = name if name not in started else f"{name} {number}"
            started[label] = Contestant(name, given)
            stack.callback(started[label].end)
        yield started, platform


def instructions_of_a_call(name: str, concurrency: int, calls: int) -> float:
    """Thousands of instructions of a call without RSA: those of a process that makes so many more calls.

    Args:
        name: of the contestant.
        concurrency: calls at once.
        calls: how many; twice as many are made once more.
    """
    keys = make_keys()
    with Answering(keys, checks=False) as platform:
        counted: list[float] = []
        for times in (1, 3):
            with instructions.counting() as (tool, counter):
                contestant = Contestant(name, {**keys, "base_url": platform.base_url}, tool)
                contestant.burst(concurrency, calls * times)
                contestant.finish()
            counted.append(counter())
    return (counted[1] - counted[0]) / (2 * calls) / 1e3
