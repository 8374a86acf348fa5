"""Searching operations and notifications by parts of the official name, the path or a field's name.

Each word of the query must be found in the name, the business group, the path or a field's name; a find ranks by the
sum of its words' scores. A Chinese word needn't stand together: 解管 finds 解除对微众台账的管控. What most people mean
comes first: the groups that every merchant uses, and the mainland's APIv3 before overseas operations and APIv2.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import orjson

from ..http.operation import Operation
from .facts import find, paths
from .notifications import Event, events
from .records import lines

# In a record's JSON text a field's name stands before this, and nothing else does.
_FIELD = '":{"type"'
_GROUP = re.compile(r'"group":("[^"]*")')
_MODES = re.compile(r'"modes":\[[^\]]*"direct"')
_WORD = re.compile(r"[0-9a-z]+|[^\x00-\x7f]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAIN_GROUPS = frozenset({"基础支付", "退款", "账单", "分账", "商户进件", "商家转账∙(用户确认模式)"})
# Group, or the beginning of its name -> another name for it.
_ALSO_CALLED = {"商户进件": "特约商户进件", "平台收付通": "电商收付通"}
_APART = ("/v2/", "/hk/", "/global/", "/v3/global/")

_PHRASE, _PATH_WORD, _PATH_PREFIX, _NAME = 3.0, 4.0, 3.0, 5.0
_FIELD_WORD, _FIELD_PREFIX = 1.0, 0.5
_DEPRECATED, _OLD = 0.5, 0.5
_MAIN, _DIRECT = 1.6, 1.1
_ANY_ORDER = 0.8
_PAIR = 2


class _Entry(NamedTuple):
    name: str
    group: str
    path_words: str
    field_words: str
    weight: float
    apart: bool = False


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
    scored = (
        (entry.apart, -_score(entry, words), len(path), path, method) for (method, path), entry in _entries().items()
    )
    best = sorted(found for found in scored if found[1])
    return tuple(operation for *_, path, method in best[:limit] if (operation := find(method, path)))


def search_events(text: str, limit: int = 20) -> tuple[Event, ...]:
    """The notifications that match a text, the best first.

    Args:
        text: words of the event type, the original type, the name of the type or constant, field names, and any
            characters of the official name in their order.
        limit: how many at most.
    """
    words = _WORD.findall(_plain(text))
    if not words:
        return ()
    scored = ((_score(entry, words), number) for number, entry in enumerate(_event_entries()))
    best = sorted((found for found in scored if found[0]), key=lambda found: (-found[0], found[1]))
    return tuple(events()[number] for _, number in best[:limit])


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
    return total * entry.weight


def _word_score(entry: _Entry, word: str) -> float:
    if not word.isascii():
        in_group = _name_score(entry.group, word) if word in entry.group else 0.0
        return max(_name_score(entry.name, word), in_group, _pairs_score(entry.group + entry.name, word))
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
    """A score: highest for the whole name, then a part of it, then its characters in order; 0 for no match."""
    if word in name:
        return _NAME * (2 + len(word) / len(name))
    first = at = name.find(word[0])
    for character in word[1:]:
        if at < 0:
            return 0.0
        at = name.find(character, at + 1)
    return 0.0 if at < 0 else _NAME * (len(word) / (at + 1 - first) + len(word) / len(name))


def _pairs_score(name: str, word: str) -> float:
    """A score for a word whose parts stand in the name in another order: 查询订单 finds 商户订单号查询."""
    pairs = [word[at : at + _PAIR] for at in range(0, len(word), _PAIR)]
    if len(pairs) < _PAIR or len(word) % _PAIR or not all(pair in name for pair in pairs):
        return 0.0
    return _NAME * (2 + len(word) / len(name)) * _ANY_ORDER


@cache
def _entries() -> dict[tuple[str, str], _Entry]:
    return {
        (method, path): _entry(method, path, facts["name"], deprecated=facts.get("deprecated", False))
        for path, methods in paths().items()
        for method, facts in methods.items()
    }


def _entry(method: str, path: str, name: str, *, deprecated: bool) -> _Entry:
    line = lines()[method, path].decode()
    found = _GROUP.search(line)
    group: str = orjson.loads(found[1]) if found else ""
    weight = _DEPRECATED if deprecated else 1.0
    weight *= _MAIN if group in _MAIN_GROUPS else 1
    weight *= _DIRECT if _MODES.search(line) else 1
    called = f"{group} {_ALSO_CALLED[also]}" if (also := group.partition("∙")[0]) in _ALSO_CALLED else group
    return _Entry(_plain(name), called, _spaced(path), _field_words(line), weight, path.startswith(_APART))


@cache
def _event_entries() -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            _plain(event.name),
            "",
            _spaced(" ".join((event.id, *event.event_types, *event.original_types, event.type_name, event.constant))),
            f" {' '.join(event.fields).replace('_', ' ').lower()} ",
            _OLD if event.generation == "v2" else 1.0,
        )
        for event in events()
    )


def _field_words(line: str) -> str:
    names = {before.rpartition('"')[2] for before in line.split(_FIELD)[:-1]}
    return f" {' '.join(names).replace('_', ' ').lower()} "


def _plain(text: str) -> str:
    return _CAMEL.sub(" ", text).lower()


def _spaced(text: str) -> str:
    return f" {' '.join(_WORD.findall(_plain(text)))} "
