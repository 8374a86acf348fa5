"""The texts of settings: what files and shells do to them on their way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..checks import Check
from ..known_settings import PREFIX, SETTINGS
from ..setting_sources import Setting
from ..settings import Settings

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00a0]")
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
    """Variables that are nearly those of a setting that wasn't found: a wrong name is read by nobody.

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
    """What is wrong with a text, and the remedy; None where nothing is. The text itself is not shown."""
    text = setting.value
    for holds, found, remedy in (
        (
            _is_quoted(text),
            "it stands in quotes, which are part of the value",
            "Remove them: not every reader of .env does",
        ),
        (
            "\\\\n" in text,
            "it holds two backslashes before n in place of a line end",
            "Write one backslash (\\n), or give the path of the file",
        ),
        (
            text != text.strip(),
            "it has blanks or a line end around it",
            "Remove them; a file may have Windows line ends",
        ),
        (
            bool(_INVISIBLE.search(text)),
            "it holds an invisible character",
            "Type it anew: chats and web pages add them",
        ),
        (
            bool(_VARIABLE.fullmatch(text)),
            "it is the name of a variable, not its value",
            "Have it expanded, or write it out",
        ),
        (text.startswith("~"), "it begins with ~, which only a shell expands", "Write the whole path"),
        (text.startswith("file:"), "it is a file:// URL", "Write the path without file://"),
        (
            not is_path and bool(_ANCHOR.search(text)),
            "a comment behind it became part of the value",
            "Put the comment on a line of its own",
        ),
        (
            bool(_PLACEHOLDER.search(text)) and "-----" not in text,
            "it is a placeholder of an example",
            "Write your own value",
        ),
    ):
        if holds:
            return found, remedy
    return None


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
