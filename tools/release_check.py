"""What must hold before a release, from the last commit.

    python tools/release_check.py                 all steps
    python tools/release_check.py version build   some of them, in the order below

Each step ends in a line: what holds, what could not be tried here, or what is wrong. Exits with 1 where something is.
What is made stays in dist/: wheel, source distribution, and sbom.cdx.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PACKAGE = "wechatpay_chain"

_VERSION = re.compile(r'^__version__ = "(?P<version>\d+\.\d+\.\d+)"$', re.MULTILINE)
_SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
# What .ci/run tries with the lowest versions: the folders that use the dependencies of the core.
_LOWEST_PYTHON = "3.11"
_LOWEST = ("http", "crypto", "wire", "policies", "transport", "middleware", "credentials")
_MINUTES = 60
_LONGEST = 60 * _MINUTES  # all tests, on a machine that does other things, too


class Failed(Exception):
    """Something doesn't hold; the text says what."""


class Outcome(NamedTuple):
    """The end of a step.

    Attributes:
        text: what holds, or why it wasn't tried.
        tried: whether it was.
    """

    text: str
    tried: bool = True


def version() -> Outcome:
    """The version is newer than the last one of the changelog, and has its dated section on top."""
    found = _VERSION.search((ROOT / PACKAGE / "_version.py").read_text(encoding="utf-8"))
    if not found:
        raise Failed("wechatpay_chain/_version.py has no version of three numbers")
    return Outcome(check_changelog(found["version"], (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))


def check_changelog(wanted: str, changelog: str) -> str:
    """What the changelog says of a version.

    Raises:
        Failed: its first section isn't that version's, has no day or no text, or the version is not the newest.
    """
    sections = list(_SECTION.finditer(changelog))
    if not sections or sections[0]["name"] != wanted:
        first = sections[0]["name"] if sections else "none"
        raise Failed(f"the version is {wanted}, and the first section of CHANGELOG.md is {first}")
    first = sections[0]
    if first["day"] is None or date.fromisoformat(first["day"]) > date.today():  # noqa: DTZ011 - a day on the maker's calendar
        raise Failed(f"the section {wanted} has no day, or one to come: ## [{wanted}] - {date.today()}")  # noqa: DTZ011 - the same
    end = sections[1].start() if len(sections) > 1 else len(changelog)
    if not changelog[first.end() : end].strip():
        raise Failed(f"the section {wanted} is empty")
    if len(sections) > 1 and _numbers(sections[1]["name"]) >= _numbers(wanted):
        raise Failed(f"{wanted} isn't newer than {sections[1]['name']}")
    return f"{wanted}, {first['day']}"


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in name.split("."))


def build() -> Outcome:
    """Two builds, in different folders and with different rights for new files, give the same bytes."""
    shutil.rmtree(DIST, ignore_errors=True)
    sums: list[Mapping[str, str]] = []
    for umask in ("022", "077"):
        with tempfile.TemporaryDirectory() as scratch:
            tree, out = Path(scratch) / "tree", Path(scratch) / "out"
            tree.mkdir()
            archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
            _run("sh", "-c", f"umask {umask} && tar -x", cwd=tree, given=archive)
            made = "umask $0 && exec $1 -m build --no-isolation --outdir $2"
            _run("sh", "-c", made, umask, sys.executable, str(out), cwd=tree, SOURCE_DATE_EPOCH=_epoch())
            sums.append({path.name: _sum(path.read_bytes()) for path in out.iterdir()})
            if not DIST.exists():
                shutil.copytree(out, DIST)
    if sums[0] != sums[1]:
        raise Failed(f"two builds differ: {sums[0]} and {sums[1]}")
    return Outcome(", ".join(f"{name} sha256 {found[:16]}" for name, found in sorted(sums[0].items())))


def metadata() -> Outcome:
    """`twine check --strict`, and what .ci/check_dist.py looks for."""
    _run(sys.executable, "-m", "twine", "check", "--strict", *map(str, _built()))
    _run(sys.executable, ".ci/check_dist.py")
    return Outcome("twine and check_dist find nothing")


def newest() -> Outcome:
    """All tests, against the wheel with the newest dependencies, on every Python at hand."""
    pythons = _pythons()
    told = [f"{name}: {_test_newest(python)}" for name, python in pythons.items()]
    missing = [name for name in PYTHONS if name not in pythons]
    return Outcome("; ".join(told) + (f"; not at hand: {', '.join(missing)}" if missing else ""), tried=bool(told))


def sdist() -> Outcome:
    """The source distribution installs the very files of the wheel, and its demo runs."""
    wheel, source = _built()
    with _environment(next(iter(_pythons().values()))) as python:
        _pip(python, str(source))
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(f"{PACKAGE}/")]
            differing = [n for n in names if archive.read(n) != (_site_packages(python) / n).read_bytes()]
        if differing:
            raise Failed(f"installed from the source distribution, these differ: {differing[:5]}")
        _run(str(python), "-W", "error", "-m", PACKAGE, "demo")
    return Outcome(f"{len(names)} files as in the wheel; the demo runs")


def lowest() -> Outcome:
    """The tests of the core, against the wheel with the lowest versions that are allowed."""
    python = _pythons().get(_LOWEST_PYTHON)
    if python is None:
        return Outcome(f"the lowest versions have wheels for Python {_LOWEST_PYTHON}, which isn't at hand", tried=False)
    wheel, _ = _built()
    with _environment(python) as fresh:
        _pip(fresh, "--require-hashes", "--requirement", str(ROOT / "requirements/lowest.txt"))
        _pip(fresh, "--no-deps", str(wheel))
        # cryptography 42 takes a key in DER with a byte behind it. What a test leaves behind strikes another at random.
        further = [
            *("-W", "ignore::pytest.PytestUnraisableExceptionWarning"),
            *("--deselect", "tests/crypto/keys/test_armour.py::test_damaged_private_keys"),
        ]
        return Outcome(_test(fresh, *further, *(f"tests/{folder}" for folder in _LOWEST)))


def audit() -> Outcome:
    """No dependency of the core has a vulnerability that is known."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
            *("--require-hashes", "--disable-pip", "--requirement", "requirements/core.txt"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10 * _MINUTES,
        check=False,
    )
    return read_audit(done.stdout)


def read_audit(report: str) -> Outcome:
    """What pip-audit found; where it could look up nothing, nothing was audited, whatever it says.

    Args:
        report: its JSON; empty where it ended before.

    Raises:
        Failed: there is a vulnerability.
    """
    try:
        dependencies: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return Outcome("pip-audit reaches no database of vulnerabilities from here", tried=False)
    found = [f"{each['name']}: {flaw['id']}" for each in dependencies for flaw in each.get("vulns", ())]
    if found:
        raise Failed(", ".join(found))
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    if skipped:
        return Outcome(f"pip-audit could not look up {len(skipped)} of {len(dependencies)} packages", tried=False)
    return Outcome(f"{len(dependencies)} packages, no known vulnerability")


def sbom() -> Outcome:
    """The parts of an installation of the wheel, in CycloneDX's JSON."""
    wheel, _ = _built()
    target = DIST / "sbom.cdx.json"
    with _environment(next(iter(_pythons().values()))) as python:
        _pip(python, str(wheel))
        _pip(python, remove="pip setuptools")
        _run(
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", "pyproject.toml"),
            *("--mc-type", "library", "--output-reproducible", "--of", "JSON", "-o", str(target), str(python)),
            SOURCE_DATE_EPOCH=_epoch(),
        )
    parts = [part["name"] for part in json.loads(target.read_text(encoding="utf-8"))["components"]]
    return Outcome(f"{len(parts)} parts in dist/{target.name}")


STEPS: Mapping[str, Callable[[], Outcome]] = {
    step.__name__: step for step in (version, build, metadata, newest, sdist, lowest, audit, sbom)
}


def _test_newest(python: Path) -> str:
    wheel, _ = _built()
    with _environment(python) as fresh:
        _pip(fresh, "--upgrade", "pip")
        groups = [word for name in ("test", "types") for word in ("--group", f"{ROOT / 'pyproject.toml'}:{name}")]
        _pip(fresh, str(wheel), *groups)
        return _test(fresh)


def _test(python: Path, *further: str) -> str:
    """Run the tests of the source distribution against the package that is installed; the last line of pytest."""
    _, source = _built()
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="data")
        (tree,) = Path(scratch).iterdir()
        # Tests that read the package's files find those that were installed.
        shutil.rmtree(tree / PACKAGE)
        (tree / PACKAGE).symlink_to(_site_packages(python) / PACKAGE)
        command = ("-m", "pytest", "--quiet", "--numprocesses", "auto", "--dist", "worksteal", "-p", "no:cacheprovider")
        # The checkout's own environment has it on its path; the tests start its programs.
        lines = _run(str(python), *command, *further, cwd=tree, PYTHONPATH=str(tree)).strip().splitlines()
    return lines[-1].strip("= ")


@contextmanager
def _environment(python: Path) -> Generator[Path]:
    """The interpreter of a fresh virtual environment, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        _run(str(python), "-m", "venv", folder)
        yield Path(folder) / "bin" / "python"


def _pip(python: Path, *arguments: str, remove: str = "") -> None:
    what = ["uninstall", "--yes", *remove.split()] if remove else ["install", *arguments]
    _run(str(python), "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *what)


def _site_packages(python: Path) -> Path:
    return Path(_run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def _pythons() -> dict[str, Path]:
    """The Pythons at hand by their version: on PATH, or of pyenv."""
    found: dict[str, Path] = {}
    for name in PYTHONS:
        for candidate in _candidates(name):
            done = subprocess.run([candidate, "-c", "import ensurepip, venv"], capture_output=True, check=False)
            if done.returncode == 0:
                found[name] = candidate
                break
    return found


def _candidates(name: str) -> Iterator[Path]:
    if on_path := shutil.which(f"python{name}"):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{name}.*/bin/python{name}"), reverse=True)


def _built() -> tuple[Path, Path]:
    wheels, sources = list(DIST.glob("*.whl")), list(DIST.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sources) != 1:
        raise Failed("dist/ doesn't hold one wheel and one source distribution: run the step build")
    return wheels[0], sources[0]


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _epoch() -> str:
    return _run("git", "log", "-1", "--format=%ct").strip()


def _run(*command: str, cwd: Path = ROOT, given: bytes | None = None, **variables: str) -> str:
    """What a program prints.

    Raises:
        Failed: it ended otherwise than with 0.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **variables},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_LONGEST,
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise Failed(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{text[-4000:]}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"some of {', '.join(STEPS)}; all by default")
    wanted: list[str] = parser.parse_args(arguments).steps
    if unknown := set(wanted) - set(STEPS):
        parser.error(f"there is no step {', '.join(sorted(unknown))}")
    failures = 0
    for name, step in STEPS.items():
        if wanted and name not in wanted:
            continue
        begun = time.monotonic()
        try:
            outcome = step()
            word, text = ("ok" if outcome.tried else "NOT TRIED"), outcome.text
        except Failed as failed:
            failures += 1
            word, text = "FAILED", str(failed)
        print(f"{name:9} {time.monotonic() - begun:5.0f} s  {word}: {text}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
