"""What options take: ports, counts and seconds."""

from __future__ import annotations

import pytest

from wechatpay_chain.cli import main


@pytest.mark.parametrize("port", ["65536", "-1", "x", "\uff18\uff10", "9" * 5000, "8 0", ""])
@pytest.mark.parametrize("command", ["emulator", "listen"])
def test_what_is_no_port(capfd: pytest.CaptureFixture[str], command: str, port: str) -> None:
    """What is no port is wrong use, named before anything starts."""
    with pytest.raises(SystemExit, match="2"):
        main([command, f"--port={port}"])
    assert "is no port: give 0 to 65535" in capfd.readouterr().err


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", "\uff11", "9" * 5000, ""])
@pytest.mark.parametrize("arguments", [["search", "x", "--limit"], ["listen", "--count"]])
def test_what_is_no_count(capfd: pytest.CaptureFixture[str], arguments: list[str], count: str) -> None:
    """What is no whole number of 1 or more is wrong use; `listen --count 0` would never end."""
    *words, option = arguments
    with pytest.raises(SystemExit, match="2"):
        main([*words, f"{option}={count}"])
    assert "give a whole number, 1 or more" in capfd.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "x", ""])
def test_what_is_no_time(capfd: pytest.CaptureFixture[str], seconds: str) -> None:
    """What is no positive number of seconds is wrong use."""
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", f"--timeout={seconds}"])
    assert "give a positive number of seconds" in capfd.readouterr().err
