"""What a release is checked for."""

from __future__ import annotations

import json

import pytest

from tools.release_check import Failed, check_changelog, main, read_audit

OLDER = "\n## [0.1.0] - 2026-01-01\n\n- First.\n"


def test_a_version_with_its_section() -> None:
    """A dated section on top, with text, of a version that is newer than the one below."""
    assert check_changelog("0.2.0", f"# Changelog\n\n## [0.2.0] - 2026-02-01\n\n- New.\n{OLDER}") == "0.2.0, 2026-02-01"


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        ("# Changelog\n", "is none"),
        (f"## [Unreleased]\n\n- New.\n{OLDER}", "is Unreleased"),
        (f"## [0.2.0]\n\n- New.\n{OLDER}", "has no day"),
        (f"## [0.2.0] - 9999-01-01\n\n- New.\n{OLDER}", "one to come"),
        (f"## [0.2.0] - 2026-02-01\n{OLDER}", "is empty"),
        ("## [0.2.0] - 2026-02-01\n\n- New.\n\n## [0.10.0] - 2026-01-01\n\n- Old.\n", "isn't newer"),
    ],
)
def test_a_version_without(changelog: str, why: str) -> None:
    """Each thing that is missing is named."""
    with pytest.raises(Failed, match=why):
        check_changelog("0.2.0", changelog)


def test_an_audit_counts_only_where_packages_were_looked_up() -> None:
    """A package that was not found is no package without a flaw, and neither is a report that isn't there."""
    clean = {"name": "a", "version": "1", "vulns": []}
    unknown = {"name": "b", "skip_reason": "not found"}
    assert read_audit(json.dumps({"dependencies": [clean]})).tried
    assert read_audit(json.dumps({"dependencies": [clean, unknown]})).tried is False
    assert read_audit("").tried is False
    with pytest.raises(Failed, match="a: CVE-1"):
        read_audit(json.dumps({"dependencies": [{**clean, "vulns": [{"id": "CVE-1"}]}]}))


def test_an_unknown_step(capsys: pytest.CaptureFixture[str]) -> None:
    """A step that isn't there is refused before anything is done."""
    with pytest.raises(SystemExit):
        main(["buidl"])
    assert "there is no step buidl" in capsys.readouterr().err
