"""Progress in a terminal."""

from __future__ import annotations

import sys

import pytest

from wechatpay_chain.batch import Progress
from wechatpay_chain.cli.progress import counting


def test_a_narrow_terminal_shows_the_whole_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In 80 columns the text is wrapped, and neither the count nor a code is cut."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, value in {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    codes = {"SYSTEM_ERROR": 12, "RATELIMIT_EXCEEDED": 3}
    with counting("limit 200/min") as show:
        show(Progress(waiting=4877, done=123, refused=0, unknown=0, rate=3.3, remaining=1477.0, codes=codes))
    shown = capsys.readouterr().err
    assert "123/5000" in shown
    assert "RATELIMIT_EXCEEDED" in shown
