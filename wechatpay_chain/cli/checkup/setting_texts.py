"""Checks of the texts of settings, which files and shells may have changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ...crypto.shapes import invisible_in, quotes_around
from ..checks import Check
from ..known_settings import PREFIX, SETTINGS
from ..setting_sources import Setting
from ..settings import Settings

_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*\}?|%[A-Za-z_]\w*%|\$?\{\{.*\}\}|\$\(.*\)")
_PLACEHOLDER = re.compile(r"<[^<>]*>|your[_-]|xxxx|\.\.\.", re.IGNORECASE)
_ANCHOR = re.compile(r"\s#\s")


def checks(settings: Settings) -> Iterator[Check]:
    """A check for each setting that was found."""
    for known in SETTINGS:
        setting = settings.found.get(known.name)
        if setting is None:
            continue
        cause = suspicion(setting, is_path=known.is_path)
        if cause is None:
            yield Check(name=known.name, result="ok", found=f"from {setting.origin}")
        else:
            found, remedy = cause
            yield Check(name=known.name, result="wrong", found=f"{found}, from {setting.origin}", causes=(remedy,))


def misspelt(variables: Mapping[str, str], found: Settings) -> Iterator[Check]:
    """Find variables with nearly the name of a setting that wasn't found.

    Args:
        variables: the environment.
        found: the settings that were found.
    """
    for known in SETTINGS:
        if found.get(known.name) is not None:
            continue
        expected = PREFIX + known.name.upper()
        for name in variables:
            plain = name.upper().replace("_", "").removesuffix("NO").removesuffix("PATH").removesuffix("FILE")
            if plain == expected.replace("_", ""):
                cause = (f"Call it {expected}",)
                yield Check(name=known.name, result="wrong", found=f"nothing reads the variable {name}", causes=cause)


def suspicion(setting: Setting, *, is_path: bool) -> tuple[str, str] | None:
    """What is wrong with a text, and the remedy; None if it is fine. The text itself isn't shown."""
    text = setting.value
    if not is_path and _ANCHOR.search(text):
        return "a comment behind it became part of the value", "Put the comment on a line of its own"
    return next(((found, remedy) for is_wrong, found, remedy in _FAULTS if is_wrong(text)), None)


def _is_invisible_in(text: str) -> bool:
    """Whether a character can't be told from a blank or can't be seen at all."""
    return "\u00a0" in text or invisible_in(text) is not None


def _is_placeholder(text: str) -> bool:
    """Whether an example's text was left; the lines around a key have dots and hyphens of their own."""
    return _PLACEHOLDER.search(text) is not None and "-----" not in text


_FAULTS: tuple[tuple[Callable[[str], object], str, str], ...] = (
    (
        quotes_around,
        "it stands in quotes, which are part of the value",
        "Remove them: not every reader of .env does",
    ),
    (
        lambda text: "\\\\n" in text,
        "it holds two backslashes before n in place of a line end",
        "Write one backslash (\\n), or give the path of the file",
    ),
    (
        # The text of a key ends with a line end of its own.
        lambda text: text != text.strip() and "-----" not in text,
        "it has blanks or a line end around it",
        "Remove them; a file may have Windows line ends",
    ),
    (_is_invisible_in, "it holds an invisible character", "Type it anew: chats and web pages add them"),
    (_VARIABLE.fullmatch, "it is the name of a variable, not its value", "Have it expanded, or write it out"),
    (_is_placeholder, "it is a placeholder of an example", "Write your own value"),
)
"""The tests for faults: each with a text for what was found, and the remedy."""
