"""The command line: calls, the catalogue, diagnosis, bulk work and the emulator from a terminal.

A command is a file in `commands/`, named as the command. It has `configure(parser)`, which describes its arguments and
sets `run`, a function from the parsed arguments to an exit code. A command's file is imported when it is used.

Exit codes: see `exits.Exit`.
"""

from __future__ import annotations

from .program import main

__all__ = ["main"]
