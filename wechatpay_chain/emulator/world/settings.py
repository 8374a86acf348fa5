"""The settings that a world saves beside its products' records: merchants, keys and the state of the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..platform.keys import KeyPair
from .merchants import Merchant
from .records import Kind, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Record):
    """A merchant, the platform's keys, or the clock.

    Attributes:
        name: identifies it.
        value: its value in JSON.
    """

    name: str
    value: dict[str, Any] = field(repr=False)


SETTINGS = Kind(name="settings", record=Setting, key=lambda setting: setting.name)
PLATFORM_KEYS = "platform_keys"
CLOCK = "clock"


def merchant_setting(merchant: Merchant, now: float) -> Setting:
    """The setting that saves a merchant."""
    value = {
        "mchid": merchant.mchid,
        "role": merchant.role,
        "key": merchant.key.to_json(),
        "apiv3_key": merchant.apiv3_key,
        "apiv2_key": merchant.apiv2_key,
        "sub_mchids": merchant.sub_mchids,
        "platform_key": None if merchant.platform_key is None else merchant.platform_key.to_json(),
    }
    return Setting(mchid=merchant.mchid, made=now, state="KEPT", name=f"merchant/{merchant.mchid}", value=value)


def merchant_of(value: Mapping[str, Any]) -> Merchant:
    """The merchant of a saved setting.

    Raises:
        ValueError: it isn't one.
    """
    subs = value["sub_mchids"]
    platform_key = value.get("platform_key")
    return Merchant(
        mchid=value["mchid"],
        role=value["role"],
        key=KeyPair.from_json(value["key"]),
        apiv3_key=value["apiv3_key"],
        apiv2_key=value["apiv2_key"],
        sub_mchids=None if subs is None else tuple(subs),
        platform_key=None if platform_key is None else KeyPair.from_json(platform_key),
    )


def keys_setting(keys: tuple[KeyPair, ...], now: float) -> Setting:
    """The setting that saves the platform's keys."""
    value = {"keys": [key.to_json() for key in keys]}
    return Setting(mchid="", made=now, state="KEPT", name=PLATFORM_KEYS, value=value)


def keys_of(value: Mapping[str, Any]) -> tuple[KeyPair, ...]:
    """The platform's keys of a saved setting.

    Raises:
        ValueError: they aren't keys.
    """
    return tuple(KeyPair.from_json(key) for key in value["keys"])


def clock_setting(value: dict[str, Any], now: float) -> Setting:
    """The setting that saves the state of the clock."""
    return Setting(mchid="", made=now, state="KEPT", name=CLOCK, value=value)
