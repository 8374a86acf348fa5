"""What a text in the wrong place looks like, so that an error names it without showing it.

Keys, numbers and serials each have a shape of their own, and people confuse every one with every other.
"""

from __future__ import annotations

import re
from pathlib import Path

# Patterns as text, compiled on first use: a client whose arguments are right needs few of them.
_QUOTES = "\"'`"
_INVISIBLE = "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad]"

_SHAPES: tuple[tuple[str, str], ...] = (
    (r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*", "a private key"),
    (r"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[\s\S]*", "a certificate"),
    (r"-----BEGIN [A-Z0-9 ]*PUBLIC KEY-----[\s\S]*", "a public key"),
    (r"PUB_KEY_ID_\w+", "the identifier of a WeChat Pay public key"),
    (r"wx[0-9a-f]{16}", "an appid"),
    (r"[0-9]{8,10}", "a merchant number"),
    (r"[0-9]{41,49}", "a serial number in decimal digits"),
    (r"0[xX][0-9A-Fa-f]{36,42}", "a serial number with 0x before it"),
    (r"[0-9A-Fa-f]{40}", "a serial number"),
    (r"[!-~]{32}", "a text of 32 characters, as an API key has,"),
    (r"https?://\S+", "a URL"),
    (r"\S+\.(?:pem|p12|pfx|key|crt|cer|der)", "the path of a file"),
)
# An API key, and the Base64 of a private key: one of SM2 has 200 characters. Neither holds the dot of a path or a host.
_BARE_KEY = r"[0-9A-Za-z]{32}|[^.]{180,}"


def quotes_around(text: str) -> str | None:
    """The quote that stands before and behind a text, as some env files leave it; None for none."""
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in _QUOTES
    return stripped[0] if is_quoted else None


def invisible_in(text: str) -> str | None:
    """The first character of a text that can't be seen, such as chats and editors put in, as U+200B; None for none."""
    found = re.search(_INVISIBLE, text)
    return f"U+{ord(found[0]):04X}" if found else None


def plain(text: str) -> str:
    """A text without what can't belong to a key: quotes around it, invisible characters, blanks."""
    seen = re.sub(_INVISIBLE, "", text).strip()
    return seen[1:-1].strip() if quotes_around(seen) else seen


def what_is(text: str) -> str:
    """What a text looks like, for an error that doesn't show it: "a merchant number", "a text of 12 characters"."""
    if quotes_around(text):
        inside = text
        while quotes_around(inside):
            inside = inside.strip().strip(_QUOTES)
        return f"{what_is(inside)} in quotes"
    found = shape_of(text) or (f"a text of {len(text)} characters" if text else "nothing")
    return found + around(text) if invisible_in(text) else found


def shape_of(text: str) -> str | None:
    """What a text is by its shape, without quotes and blanks around it: "a merchant number"; None for other texts."""
    return next((name for shape, name in _SHAPES if re.fullmatch(shape, plain(text))), None)


def may_be_key(text: str) -> bool:
    """Whether a text given as a path, a name or an address may be a secret key, which no error shows."""
    return "PRIVATE KEY" in text or re.fullmatch(_BARE_KEY, plain(text)) is not None


def named(path: Path) -> str:
    """A file as an error names it. A path that may be the text of a key isn't shown."""
    key = next((text for text in (str(path), path.name) if may_be_key(text)), None)
    return f"the file {str(path)!r}" if key is None else f"a file named by {what_is(key)}"


def around(text: str) -> str:
    """What doesn't belong to a text, as the end of an error's clause: " with blanks around it"; empty for nothing."""
    if quotes_around(text):
        return " with quotes around it, which an env file left there"
    if (invisible := invisible_in(text)) is not None:
        return f" with the invisible character {invisible} in it"
    return " with blanks around it" if text.strip() != text else ""
