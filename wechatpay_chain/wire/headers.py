"""The headers that a caller may set on a request."""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import ConfigurationError
from ..http.headers import Headers

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
# Made by the client: setting one would change who signs, where it goes, or where the message ends.
_OWN = frozenset({"authorization", "host", "content-length", "transfer-encoding", "connection", "expect"})


def check_headers(headers: Headers) -> None:
    """Check the headers that a caller gave.

    Raises:
        ConfigurationError: a name or a value that is no header, or a header that only the client may set.
    """
    for name, value in headers.pairs():
        _check_name(name)
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise _mistake(name, "its value is not printable ASCII text", "Give a str without line ends")


# Cached, because the same few names recur (`python -m benchmarks.pipeline`). Values aren't cached: one may be a token.
@lru_cache(maxsize=1024)
def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _mistake(name, "it is no header name", "Header names are ASCII without blanks")
    if str.lower(name) in _OWN:
        raise _mistake(name, "the client sets this header itself", "Leave it out")


def _mistake(name: str, found: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"headers[{name!r}]", found, remedy)
