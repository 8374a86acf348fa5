"""The command line: a demo, an emulator on a port, and a look into the catalogue.

Exit codes: 0 done, 1 failed, 2 used wrongly.
"""

from __future__ import annotations

from .program import main

__all__ = ["main"]
