"""What MkDocs calls while it builds the site: pages that are made, links, the language, and the texts for models.

https://www.mkdocs.org/dev-guide/plugins/#events
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.docsite import api_pages, llms, operation_pages, searching, sources  # noqa: E402 - MkDocs loads this file by its path

_texts: dict[str, str] = {}
_APART = ("operations/", "api/")


def on_config(config: Any) -> Any:
    """Put the pages of the Python API into the navigation."""
    (section,) = (entry["Python API"] for entry in config.nav if "Python API" in entry)
    section += [f"api/{module}.md" for module, _ in api_pages.MODULES]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that no file below docs/ holds."""
    # The types are Any: MkDocs is no dependency of the checks, which would then need it to know them.
    generated = import_module("mkdocs.structure.files").File.generated
    for page, text in _made():
        files.append(generated(config, page, content=text))
    return files


def _made() -> list[tuple[str, str]]:
    made = [
        (page, (ROOT / file).read_text(encoding="utf-8"))
        for file, page in sources.ELSEWHERE.items()
        if (ROOT / file).exists()
    ]
    examples = sorted((ROOT / "examples").rglob("*.py"))
    made += [(sources.page_of(path.relative_to(ROOT).as_posix()), _example(path)) for path in examples]
    made.append(("examples/index.md", _examples(examples)))
    return [*made, *operation_pages.pages(), *api_pages.pages()]


def _example(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    title = path.relative_to(ROOT / "examples").as_posix()
    # Searching for a field finds the operations that have it, not the programs that use it.
    return f"---\nsearch:\n  exclude: true\n---\n\n# {title}\n\n```python\n{source}```\n"


def _examples(paths: list[Path]) -> str:
    lines = ["# Examples", "", "Each program shows one idea; the tests run them all.", ""]
    for path in paths:
        name = path.relative_to(ROOT / "examples").as_posix()
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        lines.append(f"- [`{name}`]({name.removesuffix('.py')}.md): {about.partition(chr(10))[0]}")
    return "\n".join([*lines, ""])


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead the links of a file of the repository to pages of the site, and keep the text for models."""
    del config, files
    uri: str = page.file.src_uri
    text = markdown if uri.startswith(("operations/", "examples/")) else sources.relink(markdown, uri)
    _texts[uri] = text
    return sources.rejoin(text) if uri.startswith("zh/") else text


def on_page_context(context: dict[str, Any], page: Any, config: Any, nav: Any) -> dict[str, Any]:
    """Set a Chinese page's buttons and its `lang` in Chinese."""
    del nav
    config.theme["language"] = "zh" if page.file.src_uri.startswith("zh/") else "en"
    return context


def on_post_build(config: Any) -> None:
    """Mend the search, and write the texts for models and each page's Markdown beside its HTML."""
    site = Path(config.site_dir)
    _mend_search(site)
    if missing := api_pages.missing_methods(site):
        raise LookupError(f"the page of the Python API lacks {missing}: look at the options of mkdocstrings")
    pages = [_text(uri) for uri in _texts]
    for page in pages:
        path = site / page.url
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.markdown, encoding="utf-8")
    about = f"{config.site_description}. {len(pages):,} pages, in English and Chinese."
    guides = [page for page in pages if not page.url.startswith(_APART)]
    lists = [page for page in pages if page.url.startswith("operations/") and page.url.endswith("index.md")]
    (site / "llms.txt").write_text(llms.index(config.site_name, about, [*guides, *lists]), encoding="utf-8")
    (site / "llms-full.txt").write_text(llms.full([*guides, *lists]), encoding="utf-8")


def _mend_search(site: Path) -> None:
    (script,) = (site / "assets/javascripts/workers").glob("search.*.js")
    script.write_text(searching.looking_up_whole_queries(script.read_text(encoding="utf-8")), encoding="utf-8")
    index = (site / "search/search_index.json").read_text(encoding="utf-8")
    if missing := searching.not_found(index, searching.words()):
        raise LookupError(f"the search finds none of {missing}: mend tools/docsite/words.txt, or write them on a page")


def _text(uri: str) -> llms.Text:
    markdown = _texts[uri]
    title = next((line.removeprefix("# ") for line in markdown.splitlines() if line.startswith("# ")), uri)
    section = {"zh": "中文", "operations": "Operations", "api": "Python API", "examples": "Examples"}
    return llms.Text(section=section.get(uri.partition("/")[0], "English"), title=title, url=uri, markdown=markdown)
