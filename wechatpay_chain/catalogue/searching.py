"""Finding operations by what one remembers of them: parts of the official name, of the path, of a field.

Each word of the query must be found in the name, the path or a field's name; an operation ranks by the sum of its
words' scores. A Chinese word needn't stand together: 解管 finds 解除对微众台账的管控.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from .facts import Operation, find, paths
from .records import lines

# In a record's JSON text a field's name stands before this, and nothing else does.
_FIELD = '":{"type"'
_WORD = re.compile(r"[0-9a-z]+|[^\x00-\x7f]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_PHRASE, _PATH_WORD, _PATH_PREFIX, _NAME = 3.0, 4.0, 3.0, 5.0
_FIELD_WORD, _FIELD_PREFIX = 1.0, 0.5
_DEPRECATED = 0.5


class _Entry(NamedTuple):
    method: str
    path: str
    name: str
    path_words: str
    field_words: str
    deprecated: bool


def search(text: str, limit: int = 20) -> tuple[Operation, ...]:
    """The operations that match a text, the best first.

    Args:
        text: words of the path or of field names, and any characters of the official name in their order:
            `解管`, `control order`, `bal_account_no`, `退款 domestic`.
        limit: how many at most.
    """
    words = _WORD.findall(_plain(text))
    if not words:
        return ()
    scored = ((_score(entry, words), entry) for entry in _entries())
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], len(pair[1].path), pair[1].path))
    return tuple(operation for _, entry in best[:limit] if (operation := find(entry.method, entry.path)))


def _score(entry: _Entry, words: list[str]) -> float:
    total = 0.0
    for word in words:
        score = _word_score(entry, word)
        if not score:
            return 0.0
        total += score
    if len(words) > 1:
        phrase = " " + " ".join(words)
        total += _PHRASE * ((phrase in entry.path_words) + (phrase in entry.field_words))
    return total * _DEPRECATED if entry.deprecated else total


def _word_score(entry: _Entry, word: str) -> float:
    if not word.isascii():
        return _name_score(entry.name, word)
    if f" {word} " in entry.path_words:
        return _PATH_WORD
    if f" {word}" in entry.path_words:
        return _PATH_PREFIX
    if f" {word} " in entry.field_words:
        return _FIELD_WORD
    if f" {word}" in entry.field_words:
        return _FIELD_PREFIX
    return _name_score(entry.name, word)


def _name_score(name: str, word: str) -> float:
    """From the whole name over a part of it down to its characters scattered in order; 0 for none of these."""
    if word in name:
        return _NAME * (2 + len(word) / len(name))
    first = at = name.find(word[0])
    for character in word[1:]:
        if at < 0:
            return 0.0
        at = name.find(character, at + 1)
    return 0.0 if at < 0 else _NAME * (len(word) / (at + 1 - first) + len(word) / len(name))


@cache
def _entries() -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            method,
            path,
            _plain(facts["name"]),
            _spaced(path),
            _field_words(lines()[method, path].decode()),
            facts.get("deprecated", False),
        )
        for path, methods in paths().items()
        for method, facts in methods.items()
    )


def _field_words(line: str) -> str:
    names = {before.rpartition('"')[2] for before in line.split(_FIELD)[:-1]}
    return f" {' '.join(names).replace('_', ' ').lower()} "


def _plain(text: str) -> str:
    return _CAMEL.sub(" ", text).lower()


def _spaced(text: str) -> str:
    return f" {' '.join(_WORD.findall(_plain(text)))} "
