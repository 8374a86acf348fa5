"""The Django app: notifications in the project's database, each handled in the transaction that notes it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wechatpay_chain.emulator import Emulator

ROOT = Path(__file__).parents[3]


class Project:
    """A Django project in a folder, run as processes.

    Args:
        folder: where its files are.
        url: of its database.
        emulator: signs its notifications.
    """

    def __init__(self, folder: Path, url: str, emulator: Emulator) -> None:
        self.folder = folder
        self.is_sqlite = url.startswith("sqlite")
        self._url = url
        self._emulator = emulator
        (folder / "apiv3_key").write_text(emulator.apiv3_key)
        (folder / "serial").write_text(emulator.platform_keys[0].serial)
        (folder / "public_key.pem").write_text(emulator.platform_keys[0].public_pem)
        self.run("make")

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start a process of the project."""
        env = {**os.environ, "DATABASE_URL": self._url, "SHOP_FOLDER": str(self.folder), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.contrib.django.project", *words],
            cwd=ROOT,
            env={**env, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **variables: str) -> str:
        """What a process of the project prints."""
        with self.start(*words, **variables) as process:
            out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        return out

    def notify(self, number: str) -> str:
        """Write a notification about an order into files; their name."""
        headers, body = self._emulator.notification("TRANSACTION.SUCCESS", {"out_trade_no": number})
        (self.folder / f"{number}.headers").write_text("\n".join(f"{name}: {value}" for name, value in headers.items()))
        (self.folder / f"{number}.body").write_bytes(body)
        return number


@pytest.fixture(params=["sqlite", "postgresql"])
def project(
    request: pytest.FixtureRequest, tmp_path: Path, emulator: Emulator, address_of: Callable[[str], str]
) -> Project:
    """A project with its tables."""
    if request.param == "sqlite":
        return Project(tmp_path, f"sqlite://{tmp_path}/db.sqlite3", emulator)
    name = f"django_{os.getpid()}_{time.monotonic_ns()}"
    socket = address_of("postgresql")
    subprocess.run(["createdb", "-h", socket, "-U", "postgres", name], check=True, capture_output=True, timeout=30)
    return Project(tmp_path, f"postgresql://postgres@{socket.replace('/', '%2F')}/{name}", emulator)


def test_stored_handled_and_looked_after(project: Project) -> None:
    """What comes twice is stored once and takes effect once; what fails is rolled back, dies, and is handled again."""
    names = " ".join([project.notify("A1"), project.notify("FAIL1")])
    work = "wechatpay_inbox work --once"
    told = project.run(
        f"send {names} {names} + {work} + pause + {work} + pause + {work} + wechatpay_inbox list + effects + browse "
        f"+ wechatpay_inbox forget A1 + wechatpay_inbox list --state forgotten + send A1 + {work} + effects",
        ATOMIC="1" if project.is_sqlite else "0",
    ).splitlines()
    assert told[:7] == ["200"] * 4 + ["handled 1", "handled 0", "handled 0"]
    dead, done, effects, listed, viewed, state, erased, forgotten, repeated, handled, after = told[7:]
    assert (dead.split()[0], "ZeroDivisionError" in dead, done.split()[0]) == ("dead", True, "done")
    assert (effects, listed, state) == ("['A1']", "listed True masked True", "admin state waiting")
    assert viewed == "viewer state dead"  # who may look presses no button
    assert (erased, forgotten.split()[0], repeated) == ("1 erased", "forgotten", "200")
    assert (handled, after) == ("handled 0", "['A1']")


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_the_migrations_make_what_the_models_say(project: Project) -> None:
    """A project's own `makemigrations` finds nothing to add to the app."""
    assert project.run("makemigrations wechatpay --check") == "No changes detected in app 'wechatpay'\n"


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_a_signal_stops_the_worker_wherever_it_comes(project: Project) -> None:
    """Before each line that it executes, those that wait included: none of them is one that never ends."""
    assert int(project.run("interrupt").split()[2]) > 20


def test_workers_that_are_killed(project: Project) -> None:
    """Three workers share twenty notifications, one is killed within a handler: each took effect exactly once."""
    names = [project.notify(f"B{number}") for number in range(19)] + [project.notify("KILL1")]
    assert set(project.run("send", *names).split()) == {"200"}
    workers = [project.start("wechatpay_inbox", "work") for _ in range(3)]
    wanted = str(sorted(names[:-1]))
    for _ in range(300):
        if (project.folder / "killed").exists() and any(worker.poll() == -9 for worker in workers):
            break
        time.sleep(0.1)
    assert any(worker.poll() == -9 for worker in workers), "nobody was killed"
    for _ in range(60):
        if project.run("effects").strip() == wanted:  # a process, which takes a while itself
            break
        time.sleep(0.1)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        out, err = worker.communicate(timeout=60)
        assert worker.returncode in (0, -9), err
        assert "handling" in out
    effects, *rows = project.run("effects + wechatpay_inbox list --state claimed").splitlines()
    assert (effects, "KILL1" in rows[0]) == (wanted, True), "its claim expires with its lease, after a minute"


def test_what_django_rolls_back_has_failed(project: Project) -> None:
    """An error of the database that a handler catches undoes all that it wrote: it has failed, and dies in the end."""
    name, work = project.notify("CAUGHT1"), "wechatpay_inbox work --once"
    out = project.run(f"send {name} + {work} + pause + {work} + pause + {work} + wechatpay_inbox list + effects")
    listed, effects = out.splitlines()[-2:]
    assert (out.count("caught"), out.count("handled 0")) == (3, 3)
    assert (listed.split()[0], "TransactionManagementError" in listed, effects) == ("dead", True, "[]")


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_a_handler_that_raises_what_is_no_exception_has_failed(project: Project) -> None:
    """It is rolled back and dies in the end; the worker goes on, and handles the next one."""
    names = " ".join([project.notify("BASE1"), project.notify("A1")])
    work = "wechatpay_inbox work --once"
    out = project.run(f"send {names} + {work} + pause + {work} + pause + {work} + wechatpay_inbox list + effects")
    *_, done, dead, effects = out.splitlines()
    assert (done.split()[0], dead.split()[0], "TimeoutOfItsOwn" in dead, effects) == ("done", "dead", True, "['A1']")


@pytest.mark.parametrize("project", ["postgresql"], indirect=True)
def test_a_connection_that_broke_in_a_handler_is_opened_anew(project: Project) -> None:
    """Of a database that isn't the inbox's, too: the try in which it broke has failed, and the next one succeeds."""
    names = " ".join([project.notify("OTHER1"), project.notify("OTHER2")])
    work = "wechatpay_inbox work --once"
    assert project.run(f"send {names} + {work} + pause + {work} + effects").splitlines()[-1] == "['OTHER1', 'OTHER2']"


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_content_is_kept_for_a_time_that_is_one(project: Project) -> None:
    """A negative number of days erases nothing, and is told as a mistake of the command."""
    with project.start("wechatpay_inbox", "retain", "-1") as process:
        _, err = process.communicate(timeout=90)
    assert (process.returncode, "CommandError: seconds: -86400.0 was found" in err) == (1, True), err


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_without_a_database(project: Project) -> None:
    """A notification that can't be stored is answered 503, so that the platform sends it again."""
    name = project.notify("C1")
    nowhere = {"DATABASE_URL": f"sqlite://{project.folder}/missing/db.sqlite3"}
    assert project.run("send", name, **nowhere).strip() == "503"
    assert project.run("send", name).strip() == "200"
