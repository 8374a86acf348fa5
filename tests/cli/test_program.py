"""The command line, end to end."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wechatpay_chain import Request, Response, SyncWeChatPay, __version__
from wechatpay_chain.cli import main
from wechatpay_chain.cli.commands.demo import Demo, _program
from wechatpay_chain.cli.demo.exchange import mask, shorten
from wechatpay_chain.cli.terminal import WIDTH, Terminal, wrap
from wechatpay_chain.emulator import Emulator, Refusal

ACCOUNT = "6222 0000 1111"


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "wechatpay_chain", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` tells the package's own version, `--help` names every command; both exit with 0."""
    for option, expected in (("--version", __version__), ("--help", "describe")):
        with pytest.raises(SystemExit) as caught:
            main([option])
        assert caught.value.code == 0
        assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["unknown"], "error: there is no command 'unknown'\n"),
        (["docter"], "error: there is no command 'docter': 'doctor' may be meant\n"),
        (["pay"], "error: the following arguments are required: what\n"),
        (["search"], "error: the following arguments are required: text\n"),
        (["demo", "--colour"], "error: unrecognized arguments: --colour\n"),
        (["call", "post"], "error: the following arguments are required: PATH\n"),
        (["bill", "trade", "26.11.2026"], "error: argument DAY: '26.11.2026' is no day: write it as in 2026-11-26\n"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2; stderr says what is wrong, then the command's own arguments, not all settings."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{said}usage: ")
    assert "--help says more" in error
    assert "--brand-id" not in error


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["call", "pots", "v3/x"], "POST"),
        (["batch", "rn"], "run"),
        (["pay-params", "mini_programme"], "mini-program"),
        (["call", "v3/x", "post"], None),
    ],
)
def test_a_choice_that_there_is_not(
    arguments: list[str], meant: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told with the one that is meant, where it resembles one."""
    with pytest.raises(SystemExit):
        main(arguments)
    first = capsys.readouterr().err.partition("\n")[0]
    assert first.endswith(f": {meant!r} may be meant" if meant else ")")


def test_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the commands are listed, on stderr, and the program exits with 2."""
    assert main([]) == 2
    shown = capsys.readouterr()
    assert (shown.out, "make one call" in shown.err) == ("", True)


def test_search(capsys: pytest.CaptureFixture[str]) -> None:
    """`search` finds an operation by its Chinese name, and exits with 1 where there is nothing."""
    assert main(["search", "解管"]) == 0
    assert "/v3/aggracct-bc/wb-channel/control-orders/recover" in capsys.readouterr().out
    assert main(["search", "nothing", "of", "this", "kind"]) == 1
    assert "nothing in the catalogue matches" in capsys.readouterr().err


def test_describe(capsys: pytest.CaptureFixture[str]) -> None:
    """`describe` tells a path's fields, with or without leading slash, and exits with 1 for an unknown path."""
    for path in ("v3/security/echo", "/v3/security/echo"):
        assert main(["describe", path]) == 0
        assert "encrypted_echo_message" in capsys.readouterr().out
    assert main(["describe", "v3/security"]) == 0
    assert main(["describe", "v3/no/such/operation"]) == 1


def test_a_reader_that_went_away() -> None:
    """A pipe that is closed early (`| head`) ends the program without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "wechatpay_chain", "describe", "v3/security/echo"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "")


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command with 1, without a traceback."""

    def interrupt(demo: Demo) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Demo, "run", interrupt)
    assert main(["demo"]) == 1
    assert capsys.readouterr() == ("", "")


def test_demo() -> None:
    """The demo shows the main job in six spellings, secrets masked, within its 100 columns, without colours."""
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✗" not in done.stdout
    assert done.stdout.count("the answer's signature holds") == 6
    assert done.stdout.count("the bytes of spelling 1") == 5
    assert "6222****1111" in done.stdout
    assert ACCOUNT not in done.stdout
    assert "PRIVATE KEY" not in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= WIDTH
    for spelling in (
        "await wxpay.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order)",
        'await wxpay.chain("v3/aggracct-bc/wb-channel/control-orders/recover").post(json=order)',
        'await wxpay["v3/aggracct-bc/wb-channel/control-orders/recover"].post(json=order)',
        "4  sync.v3.aggracctBc.wbChannel.controlOrders.recover.post(json=order)",
        '5  sync.chain("v3/aggracct-bc/wb-channel/control-orders/recover").post(json=order)',
        '6  sync["v3/aggracct-bc/wb-channel/control-orders/recover"].post(json=order)',
    ):
        assert spelling in done.stdout


def test_next_steps_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo names the program as the shell finds it, or else the way through its interpreter."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert _program() == f"{sys.executable} -m wechatpay_chain"
    monkeypatch.chdir(Path(sys.executable).parents[1])
    assert _program() == f"bin/{Path(sys.executable).name} -m wechatpay_chain"
    (tmp_path / "wechatpay-chain").touch(mode=0o755)
    assert _program() == "wechatpay-chain"


def test_demo_in_a_poor_terminal() -> None:
    """A terminal that lacks the characters gets question marks, not a traceback."""
    done = run("demo", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, "")


class Wrong(Emulator):
    """A platform that doesn't do what it should."""

    def __init__(self, **members: Any) -> None:
        super().__init__()
        self.on("GET", "/v3/aggracct-bc/wb-channel/control-orders/{out_request_no}")(self._answer)
        self._members = members

    def _answer(self, call: Any) -> dict[str, Any]:
        if not self._members:
            raise Refusal(500, "SYSTEM_ERROR", "系统错误")
        return {"control_scene": "RECOVER", "recover_order": self._members}


@pytest.mark.parametrize("members", [{"recover_state": "FAILED"}, {}])
def test_demo_that_differs(members: dict[str, Any]) -> None:
    """Where the platform doesn't do what is expected, the demo says so and fails."""
    shown = io.StringIO()
    assert not Demo(Wrong(**members), Terminal(shown, colour=True)).run()
    assert "\x1b[31m✗" in shown.getvalue()
    assert "differs from what was expected" in shown.getvalue()


class Lenient(Emulator):
    """A platform that takes every request for the first one."""

    first: Request | None = None

    async def __call__(self, request: Request) -> Response[Any]:
        self.first = self.first or request
        return await super().__call__(self.first)


def test_demo_that_misses_a_mistake() -> None:
    """A wrong call that is answered as if it were right makes the demo fail."""
    shown = io.StringIO()
    assert not Demo(Lenient(), Terminal(shown, colour=False)).run()
    assert "✗ a call without its field mchid: nothing was raised" in shown.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="modes and signals of POSIX")
def test_emulator(tmp_path: Path) -> None:
    """`emulator` serves other processes, keeps its keys to their owner, and ends cleanly with Ctrl-C."""
    folder = tmp_path / "keys"
    arguments = [sys.executable, "-W", "error", "-m", "wechatpay_chain", "emulator", "--out", str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        listening, settings, page = (process.stdout.readline() for _ in range(3))
        assert "http://127.0.0.1:" in listening
        assert str(folder / "wechatpay.env") in settings
        assert page.endswith("/_emulator/\n")
        environment = dict(line.split("=", 1) for line in (folder / "wechatpay.env").read_text().splitlines())
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            with SyncWeChatPay.from_env() as wxpay:
                assert wxpay.v3.security.echo.post(json={"echo_message": "a"}).json() == {"echo_message": "a"}
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0
    assert {path.name for path in folder.iterdir()} == {
        "apiclient_cert.pem",
        "apiclient_key.pem",
        "wechatpay_public_key.pem",
        "wechatpay.env",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_emulator_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that is already there stays: it might be a real one."""
    (tmp_path / "apiclient_key.pem").write_text("a real key")
    assert main(["emulator", "--out", str(tmp_path)]) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "apiclient_key.pem").read_text() == "a real key"


def test_emulator_on_a_port_that_is_taken(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that is taken is told, and nothing is written."""
    with emulator.listen() as base_url:
        assert main(["emulator", "--out", str(tmp_path), "--port", base_url.rpartition(":")[2]]) == 2
    assert "error: the emulator can't start" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("secret", "shown"), [(ACCOUNT, "6222****1111"), ("", "****"), ("张三", "****"), ("12345678901", "****")]
)
def test_mask(secret: str, shown: str) -> None:
    """Only what is long enough to stay secret shows its ends."""
    assert mask(secret) == shown


def test_shorten() -> None:
    """Long Base64 is cut, everything else stays."""
    assert shorten('{"a":"' + "A" * 344 + '"}') == '{"a":"' + "A" * 16 + '…"}'
    assert shorten("short") == "short"


def test_wrap() -> None:
    """Lines are cut after blanks and commas, and anywhere where there are none."""
    assert list(wrap("ab cd,ef", 6)) == ["ab cd,", "  ef"]
    assert list(wrap("abcdefgh", 6)) == ["abcdef", "  gh"]
    assert list(wrap("", 6)) == [""]


def test_colours_only_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are shown in a terminal, unless `--no-color` or NO_COLOR says otherwise."""

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    for arguments, environment, coloured in (
        (["demo"], {}, True),
        (["demo", "--no-color"], {}, False),
        (["demo"], {"NO_COLOR": "1"}, False),
    ):
        shown = Tty()
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", shown)
            assert main(arguments) == 0
        assert ("\x1b[" in shown.getvalue()) == coloured
