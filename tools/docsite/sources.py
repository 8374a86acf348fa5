"""Which file of the repository is which page of the site, and links between them."""

from __future__ import annotations

import posixpath
import re

ELSEWHERE = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh/index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "LICENSE": "license.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Files outside of docs/ that are pages, by their path in the repository."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)


def page_of(file: str) -> str:
    """The page of a file of the repository: `docs/keys.md` is `keys.md`, `examples/shop` is the list of examples."""
    if file in ELSEWHERE:
        return ELSEWHERE[file]
    if file.startswith("examples"):
        return f"{file.removesuffix('.py')}.md" if file.endswith(".py") else "examples/index.md"
    return file.removeprefix("docs/")


def file_of(page: str) -> str:
    """The file of the repository that a page was made of."""
    return next((file for file, known in ELSEWHERE.items() if known == page), f"docs/{page}")


def relink(text: str, page: str) -> str:
    """A page's Markdown, its links between files of the repository made links between pages.

    Args:
        text: as the file has it.
        page: where it stands in the site.
    """
    folder = posixpath.dirname(file_of(page))

    def moved(link: re.Match[str]) -> str:
        target = page_of(posixpath.normpath(posixpath.join(folder, link[1])))
        return posixpath.relpath(target, posixpath.dirname(page) or ".")

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(moved, part) for part in parts)
