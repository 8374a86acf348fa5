"""`mcp`: runs a server for coding agents, over standard input and output."""

from __future__ import annotations

import argparse

from ..exits import Exit
from ..running_emulator import add_arguments


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `mcp`."""
    add_arguments(parser)
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    from ..mcp_server.local_emulator import LocalEmulator
    from ..mcp_server.server import make_server

    make_server(LocalEmulator(options.folder, options.url)).run("stdio")
    return Exit.DONE
