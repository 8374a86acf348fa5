"""Walking the catalogue: all operations, those at a path, what continues a path, what resembles a wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import dropwhile
from urllib.parse import unquote

from ..http.names import distance, letters
from ..http.operation import Operation
from .facts import find, paths, templates, tree
from .spelling import attribute

_SHORT_LIST = 20
_CLOSE = 0.6
_ROOTS = frozenset({"v2", "v3", "hk", "global", "brand"})
_ANY = "{}"
_MOST_SLIPS = 2


def operations() -> Iterator[Operation]:
    """All operations, ordered by path."""
    for path in paths():
        yield from at(path)


def at(path: str) -> tuple[Operation, ...]:
    """The operations at a path, one for each of its verbs.

    Args:
        path: a template or a path with values in it, from the leading slash.
    """
    template = path if path in paths() else next(templates(path), None)
    methods = paths()[template] if template else ()
    return tuple(operation for method in methods if (operation := find(method, template or path)))


def children(path: str) -> tuple[str, ...]:
    """The attributes that lead on from a path, sorted; `""` is the root.

    Segments that no attribute can spell (capitals, verbs, a trailing slash) are left out.

    Args:
        path: a template or a path with values in it, from the leading slash.
    """
    found: set[str] = set()
    for node in tree().matches(path.split("/")[1:]):
        found.update(name for segment in node.children if (name := attribute(segment)))
    return tuple(sorted(found))


@lru_cache(maxsize=1024)
def resembling(path: str, operation: Operation | None = None) -> tuple[tuple[Operation, bool], ...]:
    """The operations whose paths this one resembles, so that they may have been meant.

    Capitals, hyphens, underscores, escapes, `;...`, slashes and the roots (`v3`, `hk`, ...) make no difference, nor do
    two wrong letters.

    Args:
        path: a path with values in it, percent-encoded.
        operation: the one that it leads to, which is left out, as are those that differ from it in its own words.

    Returns:
        Each with whether it has the same number of words; others have one word more or less than the path.
    """
    words = _words(path)
    own = _words(operation.path) if operation else ()
    near = [(template, True) for template, known in _worded().get(len(words), ()) if _is_near(words, known, own)]
    if operation is None:
        near += [
            (template, False)
            for longer, shorter in ((len(words), len(words) - 1), (len(words) + 1, len(words)))
            for template, known in _worded().get(longer if longer != len(words) else shorter, ())
            if shorter > 1 and _has_one_more(*((words, known) if longer == len(words) else (known, words)))
        ]
    return tuple((meant, same) for template, same in near for meant in at(template) if meant != operation)


def _is_near(words: tuple[str, ...], known: tuple[str, ...], own: tuple[str, ...]) -> bool:
    """Whether a path's words are an operation's but for two letters, where `own` leaves them open."""
    wrong = [at for at, (word, theirs) in enumerate(zip(words, known, strict=True)) if theirs not in {_ANY, word}]
    if len(wrong) > _MOST_SLIPS or any(own and own[at] != _ANY for at in wrong):
        return False
    return sum(distance(words[at], known[at], _MOST_SLIPS) for at in wrong) <= _MOST_SLIPS


def _has_one_more(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether two sequences of words are equal but for one word."""
    return any(
        all(
            _ANY in {word, other} or word == other
            for word, other in zip(longer[:at] + longer[at + 1 :], shorter, strict=True)
        )
        for at in range(len(longer))
    )


@cache
def _worded() -> dict[int, list[tuple[str, tuple[str, ...]]]]:
    """The templates with their words, by the number of words."""
    found: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for template in paths():
        words = _words(template)
        found.setdefault(len(words), []).append((template, words))
    return found


def _words(path: str) -> tuple[str, ...]:
    segments = [segment.partition(";")[0] for segment in unquote(path).split("/")]
    words = [_ANY if segment.startswith("{") else letters(segment) for segment in segments if segment.strip()]
    return tuple(dropwhile(lambda word: word in _ROOTS, words))


def closest(method: str, path: str, limit: int = 3) -> tuple[Operation, ...]:
    """The operations whose paths resemble an unknown path, the closest first; none where nothing is close.

    The other verbs of a known path are the closest of all.

    Args:
        method: the verb of the call; of equally close operations those with the same verb come first.
        path: a template or a path with values in it, from the leading slash.
        limit: how many at most.
    """
    if known := at(path):
        return known[:limit]
    respelt = sorted(
        ((other.method == method, _likeness(path, other.path), other.path, other.method) for other in respelt_of(path)),
        reverse=True,
    )
    wanted = _trigrams(path)
    likely = sorted(
        ((len(wanted & trigrams) / len(wanted | trigrams), template) for template, trigrams in _index()), reverse=True
    )
    scored = sorted(
        (
            (score, other == method, template, other)
            for _, template in likely[:_SHORT_LIST]
            if (score := _likeness(path, template)) >= _CLOSE
            for other in paths()[template]
        ),
        reverse=True,
    )
    found = dict.fromkeys((template, other) for *_, template, other in (*respelt, *scored))
    return tuple(operation for template, other in [*found][:limit] if (operation := find(other, template)))


def respelt_of(path: str) -> tuple[Operation, ...]:
    """The operations whose paths have the same words in another spelling.

    Capitals, hyphens, underscores, slashes and the roots may differ: `controlOrders` is `control-orders`.

    Args:
        path: a template or a path with values in it, from the leading slash.
    """
    words = _words(path)
    return tuple(
        operation
        for template, known in _worded().get(len(words), ())
        if all(theirs in {_ANY, word} for word, theirs in zip(words, known, strict=True))
        for operation in at(template)
    )


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


@cache
def _index() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((path, _trigrams(path)) for path in paths())


def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))
