"""Which file of the repository is which page of the site, and links between them."""

from __future__ import annotations

import posixpath
import re

ELSEWHERE = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh/index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CONTRIBUTING.zh-CN.md": "zh/contributing.md",
    "SECURITY.md": "security.md",
    "SECURITY.zh-CN.md": "zh/security.md",
    "LICENSE": "license.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Files outside of docs/ that are pages, by their path in the repository."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
_CHINESE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”…"
_MARKS = "，。；：、（）！？”…"
_JOINT = re.compile(
    rf"[{_CHINESE}]\n {{0,3}}[{_CHINESE}]"
    rf"|[{_MARKS}]\n {{0,3}}[A-Za-z`\[]"
    rf"|[A-Za-z`)\]]\n {{0,3}}[{_MARKS}]"
)


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


def rejoin(text: str) -> str:
    """A Chinese page's Markdown with its paragraphs on one line each, since HTML shows a line's end as a blank.

    Args:
        text: as the file has it. Headings, blocks, and line ends between words of other scripts stay as they are.
    """
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        joins = (
            bool(lines) and not fenced and not lines[-1].startswith("#") and _JOINT.match(f"{lines[-1][-1:]}\n{line}")
        )
        if joins:
            lines[-1] += line.lstrip()
        else:
            lines.append(line)
        fenced ^= line.lstrip().startswith("```")
    return "\n".join(lines)
