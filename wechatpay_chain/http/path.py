"""How a path is spelled, checked and filled: attributes, literals, placeholders, percent-encoding.

A template is a path that may hold `{placeholders}`, each a whole segment: `/v3/pay/transactions/id/{transaction_id}`.
Everything that a chain does to a path is here; nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from urllib.parse import quote

from ..errors import ConfigurationError, type_of
from .characters import check_text
from .names import nearest

_CAPITAL = re.compile(r"[A-Z]")
_ATTRIBUTE = re.compile(r"[a-z0-9][A-Za-z0-9_]*")
# Names of the verbs in SDKs of other languages.
_HABIT = re.compile(r"(get|post|put|patch|delete)_?[Aa]sync")
_PLACEHOLDER_ATTRIBUTE = re.compile(r"_([A-Za-z][A-Za-z0-9_]*?)_")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Placeholders of other frameworks and SDKs. Nothing of the platform's begins with `:` or `$`.
_OTHER_PLACEHOLDER = re.compile(r"[:$]([A-Za-z_][A-Za-z0-9_]*)\$?")
# A segment of RFC 3986: unreserved, percent-encoded, sub-delims, ":" and "@".
_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+")
# A segment of one or two dots, escaped or not; some servers drop `;...` before they resolve it.
_DOTS = re.compile(r"/(?:\.|%2E){1,2}(?=/|;|$)", re.IGNORECASE)
_CONTROL = re.compile(r"%(?:[01][0-9A-F]|7F)", re.IGNORECASE)
_PATH = re.compile(rf"(?:/{_SEGMENT.pattern})+/?")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_LONGEST_INT = 512
KEYWORDS = frozenset({"json", "xml", "params", "headers", "file", "meta", "timeout", "retry", "security"})
"""What a verb takes as it is; all other keywords are placeholders."""

# Names of the verbs' keywords in SDKs of other languages and in HTTP libraries, and what to write here.
_KEYWORDS_MEANT: Mapping[str, str] = {
    "body": "json={...}, or xml={...} of APIv2",
    "content": "json={...}, or xml={...} of APIv2",
    "data": "json={...}, or xml={...} of APIv2",
    "files": "file=Path(...), and meta={...} for further members",
    "form_params": "params={...}, or xml={...} of APIv2",
    "multipart": "file=Path(...), and meta={...} for further members",
    "payload": "json={...}, or xml={...} of APIv2",
    "queries": "params={...}",
    "query": "params={...}",
    "responseType": "nothing, and pass the answer to wxpay.download(answer, path)",
    "save_to": "nothing, and pass the answer to wxpay.download(answer, path)",
    "sink": "nothing, and pass the answer to wxpay.download(answer, path)",
    "stream": "nothing, and pass the answer to wxpay.stream(answer)",
}
_USE_PLACEHOLDER = "Write a value as a {placeholder} and give it to the verb: chain('v3/…/{id}').get(id=...)"


def attribute_segment(name: str) -> str:
    """The path segment that an attribute name stands for.

    `wbChannel` is `wb-channel`, `video_upload` stays, `global_` is `global`, `_out_trade_no_` is `{out_trade_no}`.

    Raises:
        AttributeError: private names, names that are no segment, and verbs by other names (`postAsync`).
    """
    if (habit := _HABIT.fullmatch(name)) is not None:
        raise AttributeError(
            f"there is no {name!r}: every verb of WeChatPay is awaited, await chain.{habit[1]}(...), and those of "
            "SyncWeChatPay are not"
        )
    placeholder = _PLACEHOLDER_ATTRIBUTE.fullmatch(name)
    if placeholder and not name.startswith(("_repr_", "_ipython_")):
        return "{" + placeholder[1] + "}"
    if not _ATTRIBUTE.fullmatch(name):
        raise AttributeError(
            f"{name!r} is not a path segment: a segment starts with a small letter or a digit, "
            "a placeholder is written _name_, and anything else goes in brackets, chain['segment']"
        )
    return _CAPITAL.sub(lambda capital: "-" + capital[0].lower(), name.removesuffix("_"))


@lru_cache(maxsize=1024)
def literal_path(literal: str) -> str:
    """The path that a literal stands for, with one leading slash: `v3/pay` and `/v3/pay` are both `/v3/pay`.

    Raises:
        ConfigurationError: empty segments, `.`, `..`, `?`, `#`, blanks, control characters, other characters that
            no URL path may hold, or a `%` that starts no escape.
    """
    if "://" in literal:
        raise ConfigurationError(
            "path",
            "a whole URL was given",
            "Give its path alone, and a query with params=: the client knows the host",
        )
    path = "/" + literal.removeprefix("/")
    for segment in path.removesuffix("/").split("/")[1:] or [""]:
        if not _PLACEHOLDER.fullmatch(segment):
            _check_segment(segment, literal)
    return path


def join(parent: str, child: str) -> str:
    """The path of `child`, which starts with a slash, under `parent`."""
    if parent.endswith("/"):
        raise ConfigurationError(
            "path", f"{parent!r} ends with a slash, nothing can follow it", "Write the whole path as one literal"
        )
    return parent + child


@lru_cache(maxsize=4096)
def placeholders(template: str) -> tuple[str, ...]:
    """The names of a template's placeholders, in order, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def expand(template: str, values: Mapping[str, object]) -> str:
    """Fill a template's placeholders; each value becomes exactly one percent-encoded segment.

    Raises:
        TypeError: a placeholder without a value, or a value without a placeholder.
        ConfigurationError: a value that no encoding can keep from changing the path (empty, `.`, `..`), or with a
            character that the platform doesn't take.
    """
    names = placeholders(template)
    if not names and not values:
        return template
    if len(values) != len(names) or any(name not in values for name in names):
        _refuse_names(template, names, values)
    path = template
    for name in names:
        path = path.replace("{" + name + "}", _encode(name, values[name]))
    return path


@lru_cache(maxsize=1024)
def check_path(path: str) -> None:
    """Refuse anything that is not a complete, percent-encoded path.

    Raises:
        ConfigurationError: an absolute URL, a placeholder that was not filled, an illegal character, or a segment
            that would leave its folder.
    """
    if not _PATH.fullmatch(path):
        raise ConfigurationError("path", f"{path!r} is not a percent-encoded path", _USE_PLACEHOLDER)
    if _DOTS.search(path):
        raise ConfigurationError("path", f"{path!r} would leave its folder", _USE_PLACEHOLDER)


def digits(number: int, argument: str) -> str:
    """A whole number in decimal digits, also one of a subclass of int that writes itself otherwise.

    Raises:
        ConfigurationError: it is longer than any number of the platform, and longer than Python writes.
    """
    if number.bit_length() > _LONGEST_INT:
        raise ConfigurationError(argument, "an integer of more than 512 bits", "Give the number of one resource")
    return int.__repr__(number)


def without_needless_escapes(path: str) -> str:
    """The path with letters, digits, `-`, `.`, `_` and `~` unescaped: an equivalent path (RFC 3986, 6.2.2.2)."""
    return _ESCAPE.sub(_unescape_needless, path) if "%" in path else path


def check_query(query: str) -> None:
    """Refuse an encoded query that would end the target, or be encoded again on its way.

    Raises:
        ConfigurationError: `#`, blanks, control characters, other characters that no query may hold, or a `%` that
            starts no escape.
    """
    if not _QUERY.fullmatch(query):
        raise ConfigurationError("query", "it is not percent-encoded", "Give query parameters with params=")


def _unescape_needless(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0]


def _check_segment(segment: str, literal: str) -> None:
    if not segment:
        raise ConfigurationError("path", f"{literal!r} has an empty segment", "Write one slash between two segments")
    if not _SEGMENT.fullmatch(segment):
        raise ConfigurationError("path", f"{literal!r} has the illegal segment {segment!r}", _USE_PLACEHOLDER)
    if (other := _OTHER_PLACEHOLDER.fullmatch(segment)) is not None:
        raise ConfigurationError(
            "path", f"{literal!r} has {segment!r}, which is no placeholder here", f"Write it as {{{other[1]}}}"
        )
    if _DOTS.search("/" + segment):
        raise ConfigurationError("path", f"{literal!r} would leave its folder", _USE_PLACEHOLDER)
    if _CONTROL.search(segment):
        raise ConfigurationError("path", f"{literal!r} holds an escaped control character", _USE_PLACEHOLDER)


def _encode(name: str, value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"the placeholder {name!r} takes a str or an int, not {type_of(value)}")
    # A subclass may write itself otherwise.
    text = str.__str__(value) if isinstance(value, str) else digits(value, name)
    if text in {"", ".", ".."}:
        raise ConfigurationError(name, f"{text!r} cannot be a path segment", "Give the value of one resource")
    check_text(text, name)
    return quote(text, safe="")


def _meant(keyword: str, missing: Sequence[str], template: str) -> str:
    if f"/_{keyword}_" in template:  # as an attribute writes it; in text that is a name like any other
        return f": write the placeholder as {{{keyword}}} in text"
    if keyword in _KEYWORDS_MEANT:
        return f": give {_KEYWORDS_MEANT[keyword]}"
    close = nearest(keyword, missing) or nearest(keyword, KEYWORDS)
    return f": did you mean {close!r}?" if close else ""


def _refuse_names(template: str, names: tuple[str, ...], values: Mapping[str, object]) -> None:
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names]
    faults = [
        *(f"missing placeholder {name!r}" for name in missing),
        *(f"unknown keyword {name!r}{_meant(name, missing, template)}" for name in unknown),
    ]
    known = ", ".join(names) or "none"
    raise TypeError(f"{template}: {', '.join(faults)} (placeholders of this path: {known})")
