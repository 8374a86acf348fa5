"""Fail when what was built into dist/ lacks a file that users need, holds one that they don't, or is too big."""

import sys
import tarfile
import zipfile
from pathlib import Path

MAX_WHEEL = 1_500_000  # bytes: the catalogue is compact, so a bigger wheel carries something by accident

IN_WHEEL = ["wechatpay_chain/__init__.py", "wechatpay_chain/py.typed", "wechatpay_chain/catalogue/data/"]
IN_SDIST = [*IN_WHEEL, "LICENSE", "README.md", "examples/", "pyproject.toml", "tests/"]


def missing(needed: list[str], names: list[str]) -> list[str]:
    """The needed files and folders that aren't among the names."""
    return [path for path in needed if not any(name == path or name.startswith(path) for name in names)]


def main() -> str | None:
    """What is wrong, or None."""
    (wheel,) = Path("dist").glob("*.whl")
    (sdist,) = Path("dist").glob("*.tar.gz")
    wheel_names = zipfile.ZipFile(wheel).namelist()
    with tarfile.open(sdist) as archive:
        sdist_names = [name.partition("/")[2] for name in archive.getnames()]
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {len(wheel_names)} files")
    print(f"{sdist.name}: {sdist.stat().st_size:,} bytes, {len(sdist_names)} files")

    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/"
    strangers = [name for name in wheel_names if not name.startswith(("wechatpay_chain/", info))]
    if strangers:
        return f"the wheel holds files outside the package: {strangers}"
    rubbish = [name for name in [*wheel_names, *sdist_names] if "__pycache__" in name or name.startswith(".venv")]
    if rubbish:
        return f"built from a tree with rubbish in it: {rubbish}"
    if lacking := missing([*IN_WHEEL, f"{info}licenses/LICENSE", f"{info}entry_points.txt"], wheel_names):
        return f"the wheel lacks {lacking}"
    if lacking := missing(IN_SDIST, sdist_names):
        return f"the source distribution lacks {lacking}"
    description = zipfile.ZipFile(wheel).read(f"{info}METADATA").decode().partition("\n\n")[2]
    if lacking := [heading for heading in ["# wechatpay_chain", "## What is new"] if heading not in description]:
        return f"the wheel's page lacks {lacking}"
    if wheel.stat().st_size > MAX_WHEEL:
        biggest = sorted(zipfile.ZipFile(wheel).infolist(), key=lambda item: -item.compress_size)[:5]
        return f"the wheel is bigger than {MAX_WHEEL:,} bytes; biggest: {[item.filename for item in biggest]}"
    return None


sys.exit(main())
