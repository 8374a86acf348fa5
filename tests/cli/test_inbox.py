"""`inbox`: looking after the notifications in a shop's database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.cli.conftest import Run
from tests.notifications.inbox.messages import message
from wechatpay_chain.contrib.sqlalchemy import SqlInbox
from wechatpay_chain.notifications.inbox import Event, Patience, State

Act = Callable[[Callable[[SqlInbox], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def act(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Act]:
    """Does something with an inbox whose database is that of the environment: one message done, one dead, one waits."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = create_engine(url)
    inbox = SqlInbox(engine, patience=Patience(most=1))

    async def fill() -> None:
        await inbox.create_tables()
        for key, number, event in (("EV-1", "A1", Event.HANDLED), ("EV-2", "B1", Event.FAILED), ("EV-3", "A1", None)):
            await inbox.store(message(key, number))
            if event is not None:
                claim = await inbox.claim()
                assert claim is not None
                await inbox.settle(claim, event, "KeyError" if event is Event.FAILED else "")

    asyncio.run(fill())
    monkeypatch.setenv("WECHATPAY_INBOX_URL", url)
    yield lambda do: asyncio.run(do(inbox))
    engine.dispose()


def states(act: Act) -> dict[str, State]:
    """The state of each message."""
    return {record.key: record.state for record in act(lambda inbox: inbox.records())}


def test_list(run: Run, act: Act) -> None:
    """A line for each message, the newest first, and how many there are in each state."""
    done = run("inbox", "list")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert [(line[0], line[1], line[4]) for line in lines] == [
        ("EV-3", "waiting", "A1"),
        ("EV-2", "dead", "B1"),
        ("EV-1", "done", "A1"),
    ]
    assert lines[1][-1] == "KeyError"
    assert done.err.startswith("1 waiting, 1 done, 1 dead; the oldest has waited")
    assert len(run("inbox", "list", "--limit", "1").out.splitlines()) == 1
    assert run("inbox", "list", "--state", "dead").out.startswith("EV-2")
    told = json.loads(run("inbox", "list", "--json", "--number", "A1").out)
    assert [each["key"] for each in told["messages"]] == ["EV-3", "EV-1"]
    assert told["counts"]["dead"] == 1


def test_show_masks_persons(run: Run, act: Act) -> None:
    """Numbers and states are there, the payer isn't, nor is the signature."""
    done = run("inbox", "show", "EV-1")
    told = json.loads(done.out)
    assert (told["state"], told["content"]["resource"]["out_trade_no"]) == ("done", "A1")
    assert told["content"]["resource"]["payer"] == {"openid": "***"}
    assert "o-Ada" not in done.out
    assert run("inbox", "show", "unknown").code == 1


def test_show_opens_what_is_sealed(run: Run, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key in the environment; without it, or with one that is none, the error says what is missing."""
    key = bytes(range(32))

    async def seal(inbox: SqlInbox) -> None:
        await SqlInbox(inbox.database.engine, seal_key=key).store(message("EV-4", "C1"))

    act(seal)
    done = run("inbox", "show", "EV-4")
    assert (done.code, "seal_key" in done.err) == (2, True)
    monkeypatch.setenv("WECHATPAY_INBOX_SEAL_KEY", "xyz")
    assert "64 hex digits" in run("inbox", "show", "EV-4").err
    monkeypatch.setenv("WECHATPAY_INBOX_SEAL_KEY", key.hex())
    assert run("inbox", "show", "EV-1").code == 0  # stored before there was a key
    assert json.loads(run("inbox", "show", "EV-4").out)["content"]["resource"]["out_trade_no"] == "C1"


def test_retry(run: Run, act: Act) -> None:
    """Dead ones are handled anew; what is handled isn't, and the command says so."""
    assert run("inbox", "retry").code == 2
    done = run("inbox", "retry", "EV-1", "EV-2")
    assert (done.code, "1 will be handled anew" in done.err, "twice" in done.err) == (1, True, True)
    assert states(act) == {"EV-1": State.DONE, "EV-2": State.WAITING, "EV-3": State.WAITING}
    assert run("inbox", "retry", "--dead").code == 0


def test_forget(run: Run, act: Act) -> None:
    """What is handled is erased; what isn't stays, and the command says so."""
    assert run("inbox", "forget").code == 2
    done = run("inbox", "forget", "A1")
    assert (done.code, "1 erased" in done.err, "1 aren't handled yet" in done.err) == (1, True, True)
    assert states(act)["EV-1"] is State.FORGOTTEN
    assert json.loads(run("inbox", "show", "EV-1").out)["content"] is None
    assert run("inbox", "forget", "--older-than", "30d").code == 0
    assert states(act)["EV-2"] is State.DEAD
    assert run("inbox", "forget", "--older-than", "0s").code == 0
    assert states(act)["EV-2"] is State.FORGOTTEN
    assert run("inbox", "forget", "--older-than", "soon").code == 2


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("not a url", 2, "no URL"),
        ("nosuch://u:s3cret@h/d", 2, "unknown to SQLAlchemy"),
        ("mssql+pymssql://u:s3cret@h/d", 2, "isn't installed"),
        ("oracle://u:s3cret@h/d", 2, ""),
        ("sqlite:///nowhere.db", 2, "no file"),
        ("postgresql+psycopg://u:s3cret@localhost:1/d", 3, "the database failed"),
        ("postgresql+asyncpg://u:s3cret@localhost:1/d", 3, "the database failed"),
        ("mariadb+pymysql://u:s3cret@localhost:1/d", 3, "the database failed"),
    ],
)
def test_a_database_that_cannot_be_used(run: Run, url: str, code: int, told: str) -> None:
    """The error says why, and never shows the password."""
    done = run("inbox", "list", "--url", url)
    assert (done.code, told in done.err) == (code, True)
    assert "s3cret" not in done.err
    assert "Traceback" not in done.err


def test_a_password_belongs_into_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One among the arguments is warned of, for the list of processes shows it; in the environment it isn't."""
    url = "postgresql+psycopg://u:s3cret@localhost:1/d"
    assert "list of processes" in run("inbox", "list", "--url", url).err
    monkeypatch.setenv("WECHATPAY_INBOX_URL", url)
    assert "list of processes" not in run("inbox", "list").err
    monkeypatch.delenv("WECHATPAY_INBOX_URL")
    assert "WECHATPAY_INBOX_URL" in run("inbox", "list").err


def test_a_database_without_inbox(run: Run, tmp_path: Path) -> None:
    """The driver's words say which table isn't there."""
    engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    engine.dispose()
    done = run("inbox", "list", "--url", f"sqlite:///{tmp_path / 'other.db'}")
    assert (done.code, "wechatpay_inbox" in done.err) == (3, True)
