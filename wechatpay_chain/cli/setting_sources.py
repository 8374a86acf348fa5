"""Finds settings: by option, environment, `.env` in the folder, `wechatpay.toml`; the first found is taken."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..crypto import shapes
from ..errors import ConfigurationError, type_of
from .known_settings import BY_NAME, DOTENV, FILE, PREFIX, SETTINGS, Known
from .parser import SETTING

_PEM = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a setting, and where it was found.

    Attributes:
        value: as it was found.
        origin: the option, the variable or the file.
    """

    value: str = field(repr=False)
    origin: str


def find(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Setting], dict[str, dict[str, Setting]]]:
    """The settings of a command by name, and those of all profiles of the file by the profile's name.

    Args:
        options: those of `add_settings`.
        folder: where `.env` and `wechatpay.toml` are looked for.

    Raises:
        ConfigurationError: a file can't be read, there is no such profile, or an argument holds a key.
    """
    dotenv = _dotenv(folder / DOTENV)
    profile = options.profile or os.environ.get(PREFIX + "PROFILE") or dotenv.get(PREFIX + "PROFILE")
    path = Path(options.config) if options.config else folder / FILE
    members = _members(path, must_be=bool(options.config or profile))
    profiles = _profiles(members, path)
    file = _settings_of(members, str(path), path)
    if profile is not None:
        if profile not in profiles:
            names = ", ".join(profiles) or "none"
            raise ConfigurationError("profile", f"{path} has no profile {profile!r}", f"It has: {names}")
        file |= profiles[profile]
    found: dict[str, Setting] = {}
    for known in SETTINGS:
        setting = _option(known, options) or _variable(known, dotenv) or file.get(known.name)
        if setting is not None:
            found[known.name] = setting
    return found, profiles


def read_key_file(path: Path, name: str) -> str:
    """The key in a file, without the line end.

    Raises:
        ConfigurationError: the file can't be read.
    """
    try:
        return path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            name, f"{shapes.named(path)} cannot be read ({why})", "Give the path of its file"
        ) from None


def _option(known: Known, options: argparse.Namespace) -> Setting | None:
    value: str | None = getattr(options, f"{SETTING}{known.name}", None)
    if value is None:
        return None
    if _PEM in value:
        raise ConfigurationError(
            known.option,
            "a key itself was given, which shows in the list of processes",
            f"Give the path of its file, or set {PREFIX}{known.name.upper()}. Others may have seen it: change it",
        )
    if known.is_key and not known.is_path:
        value = read_key_file(Path(value), known.name)
    return Setting(value, known.option)


def _variable(known: Known, dotenv: Mapping[str, str]) -> Setting | None:
    variable = PREFIX + known.name.upper()
    if value := os.environ.get(variable):
        return Setting(value, f"the variable {variable}")
    if value := dotenv.get(variable):
        return Setting(value, f"{variable} in {DOTENV}")
    return None


def _dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    from .._extras import extra

    with extra("cli"):
        from dotenv import dotenv_values
    try:
        return {name: value for name, value in dotenv_values(path, encoding="utf-8-sig").items() if value}
    except UnicodeDecodeError:
        raise ConfigurationError(DOTENV, f"{path} is no UTF-8 text", "Save it in UTF-8") from None


def _members(path: Path, *, must_be: bool) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        if must_be:
            raise ConfigurationError("config", f"there is no {path}", "Write it with `wechatpay-chain init`") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("config", f"{path} cannot be read ({error})", "Mend it, or remove it") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("config", f"{path} is no TOML ({error})", "Mend it, or remove it") from None


def _profiles(members: dict[str, Any], path: Path) -> dict[str, dict[str, Setting]]:
    """The profiles of the file, which are removed from its members."""
    profiles: object = members.pop("profiles", {})
    if not isinstance(profiles, dict) or not all(
        isinstance(one, dict) for one in cast("dict[str, Any]", profiles).values()
    ):
        raise ConfigurationError("config", f"the profiles of {path} are no tables", "Write [profiles.NAME]")
    named = cast("dict[str, dict[str, Any]]", profiles)
    return {name: _settings_of(one, f"{path}, profile {name}", path) for name, one in named.items()}


def _settings_of(members: dict[str, Any], where: str, path: Path) -> dict[str, Setting]:
    return dict(_setting_of(name, value, path, where) for name, value in members.items())


def _setting_of(name: str, value: Any, path: Path, where: str) -> tuple[str, Setting]:
    known = BY_NAME.get(name.removesuffix("_file"))
    if known is None or (name.endswith("_file") and (known.is_path or not known.is_key)):
        allowed = ", ".join(
            f"{known.name}_file" if known.is_key and not known.is_path else known.name for known in SETTINGS
        )
        raise ConfigurationError(f"{where}: {name}", "there is no such setting", f"Settings are {allowed}")
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name}", f"{type_of(value)} was found", "Write it in quotes")
    if name.endswith("_file"):
        value = read_key_file(path.parent / value, name)
    elif known.is_path and _PEM not in value and not value.startswith(("~", "file://")):
        value = str(path.parent / value)
    return known.name, Setting(value, where)
