"""Real database servers for the tests: PostgreSQL and MariaDB in folders of their own, without ports."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

# Debian keeps the server's programs out of PATH; the newest version is the last.
_POSTGRESQL = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
_SECONDS = 60.0


class Server:
    """A server that was started.

    Args:
        address: how it is reached: a folder of sockets, or a socket.
        command: starts it, in the foreground.
        ready: succeeds when it answers.
        folder: what it keeps.
    """

    def __init__(self, address: Path, command: Sequence[str], ready: Sequence[str], folder: Path) -> None:
        self.address = str(address)
        self.folder = folder
        self._command = list(command)
        self._ready = ready
        self.pid: int | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self.folder / "log"
        with log.open("ab") as file:
            outputs = [(os.POSIX_SPAWN_DUP2, file.fileno(), number) for number in (1, 2)]
            # It may outlive this process, of which a Popen would complain.
            self.pid = os.posix_spawnp(self._command[0], self._command, os.environ, file_actions=outputs, setsid=True)
        until = time.monotonic() + _SECONDS
        while subprocess.run(self._ready, check=False, capture_output=True).returncode:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            assert ended is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < until, f"no answer in {_SECONDS:g} s: {log.read_text('utf-8', 'replace')}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a fault would."""
        if self.pid is not None:
            end(self.pid)
            os.waitpid(self.pid, 0)
            self.pid = None


def postgresql(*settings: str) -> Server:
    """A PostgreSQL that isn't started yet; the test is skipped without. It refuses root, and runs as its own user then.

    Args:
        settings: such as `deadlock_timeout=50`.
    """
    initdb = _POSTGRESQL or shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    programs = Path(initdb).parent
    folder, as_user = _folder("postgres")
    data = folder / "data"
    _run([*as_user, str(initdb), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = [f"-c{setting}" for setting in ("listen_addresses=", f"unix_socket_directories={folder}", *settings)]
    command = [*as_user, str(programs / "postgres"), "-D", str(data), *options]
    return Server(folder, command, [str(programs / "pg_isready"), "-h", str(folder), "-q"], folder)


def mariadb() -> Server:
    """A MariaDB that isn't started yet; the test is skipped without."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    server, install = shutil.which("mariadbd", path=path), shutil.which("mariadb-install-db", path=path)
    if server is None or install is None:
        pytest.skip("MariaDB is not installed (Debian: apt-get install mariadb-server)")
    folder, as_user = _folder("mysql")
    socket = folder / "socket"
    plain = ["--no-defaults", f"--datadir={folder / 'data'}"]
    _run([*as_user, install, *plain, "--auth-root-authentication-method=normal", "--skip-test-db"])
    command = [*as_user, server, *plain, "--skip-networking", f"--socket={socket}", "--innodb-lock-wait-timeout=1"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=32M"]
    admin = str(Path(install).with_name("mariadb-admin"))
    return Server(socket, command, [admin, "--no-defaults", f"--socket={socket}", "-uroot", "ping"], folder)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server that ends with the block."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@contextmanager
def shared(folder: Path, name: str, make: Callable[[], Server]) -> Iterator[str]:
    """The address of a server that the processes of one run share: the first one starts it, the last one ends it.

    Args:
        folder: of the run.
        name: of the server.
        make: what makes it.
    """
    note = folder / f"{name}.json"
    started: Server | None = None
    with _locked(folder, name):
        noted = json.loads(note.read_text()) if note.exists() else None
        if noted is None:
            started = make()
            started.start()
            noted = {"address": started.address, "pid": started.pid, "folder": str(started.folder), "users": 0}
        note.write_text(json.dumps({**noted, "users": noted["users"] + 1}))
    try:
        yield noted["address"]
    finally:
        with _locked(folder, name):
            noted = json.loads(note.read_text())
            note.write_text(json.dumps({**noted, "users": noted["users"] - 1}))
            if noted["users"] == 1:
                note.unlink()
                end(noted["pid"])
                if started is not None:
                    started.stop()
                shutil.rmtree(noted["folder"], ignore_errors=True)


def end(pid: int) -> None:
    """End a server at once, with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder(user: str) -> tuple[Path, list[str]]:
    """A folder of a server, and how its programs are run: root hands both to the user that the package made."""
    folder = Path(tempfile.mkdtemp(prefix="wxpay-"))  # short: a socket's path may have 107 characters
    if os.geteuid() != 0:
        return folder, []
    shutil.chown(folder, user)
    return folder, ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
