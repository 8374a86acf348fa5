"""The site for language models: `llms.txt`, a list of its pages, and `llms-full.txt`, their whole text.

https://llmstxt.org
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A page as text.

    Attributes:
        section: heading of the navigation that it stands under.
        title: its own.
        url: of its Markdown, relative to the site's root.
        markdown: the page.
    """

    section: str
    title: str
    url: str
    markdown: str


def index(name: str, about: str, pages: Iterable[Text]) -> str:
    """The text of `llms.txt`.

    Args:
        name: of the project.
        about: it in a sentence.
        pages: in the order of the navigation.
    """
    lines = [f"# {name}", "", f"> {about}"]
    section = None
    for page in pages:
        if page.section != section:
            section = page.section
            lines += ["", f"## {section}", ""]
        lines.append(f"- [{page.title}]({page.url})")
    return "\n".join([*lines, ""])


def full(pages: Iterable[Text]) -> str:
    """The text of `llms-full.txt`: the pages one after the other, each below its address."""
    return "\n\n".join(f"<!-- {page.url} -->\n\n{page.markdown.strip()}" for page in pages) + "\n"
