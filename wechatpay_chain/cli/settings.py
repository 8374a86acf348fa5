"""The settings of a command, from options, the environment, `.env` in the folder, or `wechatpay.toml`, in this order.

Keys are paths or stand in the environment or a file, or are asked for; they are never plain arguments, because
arguments show in the list of processes and in the shell's history.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..crypto.keys import load_private_key
from ..errors import ConfigurationError
from .known_settings import BY_NAME, DOTENV, FILE, PREFIX, SETTINGS
from .parser import SETTING
from .setting_sources import Setting, find

if TYPE_CHECKING:
    from .. import Brand, WeChatPay
    from ..crypto.asymmetric import PrivateKey

_MERCHANT = ("mchid", "serial", "private_key")


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
        found, profiles = find(options, Path() if folder is None else folder)
        return cls(found, profiles)

    def get(self, name: str) -> str | None:
        """The value of a setting, None where it isn't set."""
        setting = self.found.get(name)
        return setting.value if setting else None

    @property
    def is_of_brand_alone(self) -> bool:
        """Whether there is a brand, and no merchant beside it."""
        return self.get("brand_id") is not None and not any(map(self.get, _MERCHANT))

    def origin(self, name: str) -> str:
        """Where a setting was found; if it wasn't, where it could be given."""
        setting = self.found.get(name)
        return setting.origin if setting else f"{BY_NAME[name].option} or {PREFIX}{name.upper()}"

    def require(self, name: str) -> str:
        """The value of a setting.

        Raises:
            ConfigurationError: it isn't set, and can't be asked for.
        """
        value = self.get(name)
        if value:
            return value
        known = BY_NAME[name]
        if known.is_key and not known.is_path and sys.stdin.isatty() and sys.stderr.isatty():
            return getpass(f"{name} (not shown): ", stream=sys.stderr)
        raise ConfigurationError(
            name,
            "it isn't set",
            f"Give {known.option}, set {PREFIX}{name.upper()}, or write it into {DOTENV} or {FILE} (see `init`)",
        )

    def load_private_key(self, *, of_brand: bool = False) -> PrivateKey:
        """The private key; the owner's number is the password of a PKCS#12 bundle.

        Args:
            of_brand: whether it is the brand's, and not the merchant's.

        Raises:
            ConfigurationError: it isn't set, and can't be asked for, or is none.
        """
        name, number = ("brand_private_key", "brand_id") if of_brand else ("private_key", "mchid")
        return load_private_key(self.require(name), password=self.get(number) or "", argument=name)

    def other_keys(self, but: str = "apiv3_key") -> Iterator[tuple[str, str]]:
        """Keys that may have been confused with one: that of the other API version, and those of other profiles.

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
        """The platform's keys, by `PUB_KEY_ID_...` or serial; empty if none is set.

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
        brand = self.brand()
        if brand is not None and self.is_of_brand_alone:
            base_url = self.get("base_url")
            return {"brand": brand, **({"base_url": base_url} if base_url else {})}
        arguments: dict[str, Any] = {name: self.require(name) for name in _MERCHANT}
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
        """The brand, None if none is set.

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
        group.add_argument(known.option, dest=f"{SETTING}{known.name}", metavar=known.metavar, help=known.purpose)
    group.add_argument("--profile", metavar="NAME", help=f"profile of {FILE}; also {PREFIX}PROFILE")
    group.add_argument("--config", metavar="PATH", help=f"the file, in place of ./{FILE}")


def certificates_in(folder: Path) -> list[Path]:
    """The certificates of a folder, each named by its serial.

    Raises:
        ConfigurationError: it can't be read.
    """
    try:
        return sorted(path for path in folder.expanduser().iterdir() if path.suffix == ".pem")
    except (OSError, RuntimeError) as error:  # RuntimeError: a home directory that doesn't exist
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            "certs",
            f"{str(folder)!r} cannot be read ({reason})",
            "Run `wechatpay-chain certificates download --to FOLDER`",
        ) from None
