"""What a command prints, in a terminal and in a pipe."""

import io
import json
import sys
from collections.abc import Callable

import pytest

from wechatpay_chain.cli.output import show_json, show_text

HOSTILE = {"attach": "\x9b2J \x7f \u202egpj.exe \u2066", "note": "\x1b]52;c;eA==\x07"}


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, show: Callable[[], None]) -> str:
    """What is written into a terminal without colours."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    show()
    return terminal.getvalue()


def test_json_steers_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a payer wrote into an answer is shown as JSON of the same meaning, without a character of control."""
    written = shown(monkeypatch, lambda: show_json(HOSTILE))
    assert all(character.isprintable() or character == "\n" for character in written)
    assert json.loads(written) == HOSTILE


def test_text_steers_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a text; its line ends and tabs stay."""
    assert shown(monkeypatch, lambda: show_text("a\x1b]0;x\x07\r\nb\tc\rd")) == "a\\u001b]0;x\\u0007\r\nb\tc\\u000dd\n"


def test_a_pipe_gets_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads the text as it is."""
    show_text(HOSTILE["attach"])
    assert capsys.readouterr().out == HOSTILE["attach"] + "\n"
