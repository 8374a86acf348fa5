"""The settings of a command: an option, the environment, `.env` in the folder, `wechatpay.toml`; the first found wins.

Keys are paths or stand in the environment or a file, or are asked for; they are never plain arguments, because
arguments show in the list of processes and in the shell's history.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError, type_of

if TYPE_CHECKING:
    from .. import Brand, WeChatPay

PREFIX = "WECHATPAY_"
FILE = "wechatpay.toml"
DOTENV = ".env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting that is known.

    Attributes:
        name: as in `wechatpay.toml`; its variable is `WECHATPAY_` and the name in capitals.
        purpose: what it is.
        metavar: what the option takes.
        is_path: whether it names a file; a relative one in `wechatpay.toml` is beside it.
        is_key: whether its text is a key, which no argument may hold.
    """

    name: str
    purpose: str
    metavar: str = ""
    is_path: bool = False
    is_key: bool = False

    @property
    def option(self) -> str:
        """The option that gives it: a path of a file where it is a key."""
        return "--" + self.name.replace("_", "-") + ("-file" if self.is_key and not self.is_path else "")


SETTINGS = (
    Known(name="mchid", purpose="merchant number", metavar="NUMBER"),
    Known(name="serial", purpose="serial number of the merchant certificate", metavar="HEX"),
    Known(name="private_key", purpose="file of the merchant's private key", metavar="PATH", is_path=True, is_key=True),
    Known(
        name="public_key_id",
        purpose="PUB_KEY_ID_... of the WeChat Pay public key, or a certificate's serial",
        metavar="ID",
    ),
    Known(name="public_key", purpose="file of that key, or certificate", metavar="PATH", is_path=True),
    Known(name="certs", purpose="folder of platform certificates, SERIAL.pem each", metavar="FOLDER", is_path=True),
    Known(name="merchant_cert", purpose="file of the merchant certificate", metavar="PATH", is_path=True),
    Known(name="apiv3_key", purpose="file that holds the APIv3 key", metavar="PATH", is_key=True),
    Known(name="apiv2_key", purpose="file that holds the APIv2 key", metavar="PATH", is_key=True),
    Known(name="brand_id", purpose="number of a brand", metavar="NUMBER"),
    Known(name="brand_serial", purpose="serial number of the brand's certificate", metavar="HEX"),
    Known(
        name="brand_private_key", purpose="file of the brand's private key", metavar="PATH", is_path=True, is_key=True
    ),
    Known(name="brand_public_key_id", purpose="PUB_KEY_ID_... of the brand's WeChat Pay public key", metavar="ID"),
    Known(name="brand_public_key", purpose="file of that public key", metavar="PATH", is_path=True),
    Known(name="brand_api_key", purpose="file that holds the brand's API key", metavar="PATH", is_key=True),
    Known(name="base_url", purpose="scheme and host of the platform, or of an emulator", metavar="URL"),
)
_BY_NAME = {known.name: known for known in SETTINGS}
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


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings that were found.

    Attributes:
        found: by name.
        profiles: those of all profiles of the file, by the profile's name, to find out what was mixed up.
    """

    found: Mapping[str, Setting]
    profiles: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict[str, Mapping[str, Setting]])

    @classmethod
    def read(cls, options: argparse.Namespace, folder: Path | None = None) -> Settings:
        """Find the settings of a command.

        Args:
            options: those of `add_settings`.
            folder: where `.env` and `wechatpay.toml` are looked for; the working folder by default.

        Raises:
            ConfigurationError: a file can't be read, there is no such profile, or an argument holds a key.
        """
        folder = Path() if folder is None else folder
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
        return cls(found, profiles)

    def get(self, name: str) -> str | None:
        """The value of a setting, None where it isn't set."""
        setting = self.found.get(name)
        return setting.value if setting else None

    def origin(self, name: str) -> str:
        """Where a setting was found; where it could have been, if it wasn't."""
        setting = self.found.get(name)
        return setting.origin if setting else f"{_BY_NAME[name].option} or {PREFIX}{name.upper()}"

    def require(self, name: str) -> str:
        """The value of a setting.

        Raises:
            ConfigurationError: it isn't set, and can't be asked for.
        """
        value = self.get(name)
        if value:
            return value
        known = _BY_NAME[name]
        if known.is_key and not known.is_path and sys.stdin.isatty() and sys.stderr.isatty():
            return getpass(f"{name} (not shown): ", stream=sys.stderr)
        raise ConfigurationError(
            name,
            "it isn't set",
            f"Give {known.option}, set {PREFIX}{name.upper()}, or write it into {DOTENV} or {FILE} (see `init`)",
        )

    def other_keys(self, but: str = "apiv3_key") -> Iterator[tuple[str, str]]:
        """Keys that may have been mixed up with one: the one of the other version, and those of other profiles.

        Args:
            but: the name of the key.

        Returns:
            Where each stands, and the key.
        """
        for name in ("apiv3_key", "apiv2_key"):
            if name != but and (key := self.get(name)):
                yield name, key
            for where, profile in self.profiles.items():
                if (setting := profile.get(name)) and setting.value != self.get(but):
                    yield f"{name} of {where}", setting.value

    def platform_keys(self) -> dict[str, Any]:
        """The platform's keys, by `PUB_KEY_ID_...` or serial; none where none is set.

        Raises:
            ConfigurationError: one of a pair is missing, or the folder can't be read.
        """
        keys: dict[str, Any] = {}
        if self.get("public_key") or self.get("public_key_id"):
            keys[self.require("public_key_id")] = self.require("public_key")
        if folder := self.get("certs"):
            keys |= {path.stem: path for path in certificates_in(Path(folder))}
        return keys

    def arguments(self) -> dict[str, Any]:
        """The arguments of a client.

        Raises:
            ConfigurationError: a setting that every client needs is missing.
        """
        merchant = ("mchid", "serial", "private_key")
        brand = self.brand()
        if brand is not None and not any(map(self.get, merchant)):
            base_url = self.get("base_url")
            return {"brand": brand, **({"base_url": base_url} if base_url else {})}
        arguments: dict[str, Any] = {name: self.require(name) for name in merchant}
        if brand is not None:
            arguments["brand"] = brand
        optional = ("apiv3_key", "apiv2_key", "merchant_cert", "base_url")
        arguments |= {name: value for name in optional if (value := self.get(name))}
        certs = self.platform_keys()
        if certs:
            arguments["certs"] = certs
        elif self.get("apiv3_key"):
            from ..credentials.renewal import Renewal

            arguments["renewal"] = Renewal()  # no key is given: the platform's certificates are downloaded
        else:
            self.require("public_key_id")
        return arguments

    def brand(self) -> Brand | None:
        """The brand, None where none is set.

        Raises:
            ConfigurationError: a setting that every brand needs is missing.
        """
        if not self.get("brand_id"):
            return None
        from ..credentials.brand import Brand

        certs = {self.require("brand_public_key_id"): self.require("brand_public_key")}
        serial, private_key = self.require("brand_serial"), self.require("brand_private_key")
        return Brand(self.require("brand_id"), serial, private_key, certs, api_key=self.get("brand_api_key"))

    def client(self, **options: Any) -> WeChatPay:
        """A client of these settings.

        Args:
            options: further arguments of `WeChatPay`; they win.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        from .. import WeChatPay

        return WeChatPay(**{**self.arguments(), **options})


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Describe the options that give settings."""
    group = parser.add_argument_group(
        "settings", f"An option wins over the environment, that over {DOTENV}, that over {FILE}."
    )
    for known in SETTINGS:
        group.add_argument(known.option, dest=f"setting_{known.name}", metavar=known.metavar, help=known.purpose)
    group.add_argument("--profile", metavar="NAME", help=f"profile of {FILE}; also {PREFIX}PROFILE")
    group.add_argument("--config", metavar="PATH", help=f"the file, in place of ./{FILE}")


def certificates_in(folder: Path) -> list[Path]:
    """The certificates of a folder, each named by its serial.

    Raises:
        ConfigurationError: it can't be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".pem")
    except OSError as error:
        raise ConfigurationError(
            "certs",
            f"{str(folder)!r} cannot be read ({error.strerror})",
            "Run `wechatpay-chain certificates download --to FOLDER`",
        ) from None


def read_key_file(path: Path, name: str) -> str:
    """The key that a file holds, without the line end.

    Raises:
        ConfigurationError: the file can't be read.
    """
    try:
        return path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(name, f"{str(path)!r} cannot be read ({why})", "Give the path of its file") from None


def _option(known: Known, options: argparse.Namespace) -> Setting | None:
    value: str | None = getattr(options, f"setting_{known.name}", None)
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
    from ..contrib._extras import extra

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
    """The profiles of the file, which are taken out of its members."""
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
    known = _BY_NAME.get(name.removesuffix("_file"))
    if known is None or (name.endswith("_file") and (known.is_path or not known.is_key)):
        allowed = ", ".join(
            f"{known.name}_file" if known.is_key and not known.is_path else known.name for known in SETTINGS
        )
        raise ConfigurationError(f"{where}: {name}", "there is no such setting", f"Settings are {allowed}")
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name}", f"{type_of(value)} was found", "Write it in quotes")
    if name.endswith("_file"):
        value = read_key_file(path.parent / value, name)
    elif known.is_path and _PEM not in value:
        value = str(path.parent / value)
    return known.name, Setting(value, where)
