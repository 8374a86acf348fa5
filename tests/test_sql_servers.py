"""How the processes of one run share a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sql_servers import shared

ROOT = Path(__file__).parent.parent
STARTER = """
import sys
from pathlib import Path
from tests.sql_servers import Server, shared

folder = Path(sys.argv[1])
with shared(folder, "server", lambda: Server(folder, ["sleep", "60"], ["true"], folder / "data")):
    print("started", flush=True)
    input()
"""


@pytest.mark.skipif(not hasattr(os, "posix_spawnp"), reason="the servers of these tests are started on POSIX alone")
def test_it_outlives_who_started_it(tmp_path: Path) -> None:
    """The process that started it leaves without a complaint, and the last one that uses it ends it."""
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-W", "error", "-c", STARTER, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "started\n"
        pid = json.loads((tmp_path / "server.json").read_text())["pid"]
        with shared(tmp_path, "server", pytest.fail):
            assert starter.communicate("\n", timeout=30) == ("", "")
            assert os.getpgid(pid) == pid
        assert not (tmp_path / "data").exists()
