"""What the site's search needs for Chinese: words of the field as tokens, and queries of one word looked up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt")
"""The user dictionary of jieba: a word a line, and how common it is."""

# mkdocs-material cuts a query at the words of its index. Its loop ends before the query does, so a query that is one
# word is never looked up as such: of 解管 it would look for 解 alone.
_CUT = re.compile(r"(for\(let (\w+)=(\w+)\+1;\2<)((\w+)\.length;\2\+\+\)\5\.slice\(\3,\2\)in )")


def words() -> list[str]:
    """The words that a search has to find."""
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    return [line.partition(" ")[0] for line in lines if not line.startswith("#")]


def looking_up_whole_queries(script: str) -> str:
    """The search's script with the loop that cuts queries running to the end of the query.

    Raises:
        ValueError: the script has no such loop; see what a newer mkdocs-material does, and drop this if it is mended.
    """
    mended, count = _CUT.subn(r"\1=\4", script)
    if count != 1:
        raise ValueError(f"the search's script cuts queries in {count} places instead of 1: look at it again")
    return mended


def not_found(index: str, wanted: Iterable[str]) -> list[str]:
    """The words that are no token of the search's index, and so would not be found.

    Args:
        index: the text of `search_index.json`.
        wanted: the words to look for.
    """
    texts = [part for document in json.loads(index)["docs"] for part in (document["title"], document["text"])]
    tokens = {token for text in texts for token in re.findall(r"[\u4e00-\u9fff]+", text)}
    return [word for word in wanted if word not in tokens]
