"""Prepares notifications for sending: their destination, the key that signs them, and the faults that strike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import ConfigurationError
from .. import faults
from ..faults import Faults, Flaw
from ..platform.keys import KeyPair, other_than, usual
from ..world.announcements import Announcement
from ..world.world import World
from . import messages
from .addresses import Addresses, Destination
from .messages import Message, event_type_of
from .schedules import schedule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a notification.

    Attributes:
        announcement: the notification.
        destination: where it is sent.
        message: what is sent; None if a fault loses it.
        patience: real seconds that the merchant has to answer.
        delay: real seconds to wait before sending.
        serial: which key signed it.
        flaw: what is wrong with it.
        by_hand: whether it is an attempt outside of the schedule.
    """

    announcement: Announcement
    destination: Destination
    message: Message | None = field(repr=False)
    patience: float
    delay: float = 0.0
    serial: str = ""
    flaw: Flaw | None = None
    by_hand: bool = False


class Writer:
    """Prepares what is sent to merchants.

    Args:
        world: holds the merchants and the platform's keys.
        real: gives the real Unix time in seconds, which signatures carry.
        addresses: where a `notify_url` leads.
        struck: the faults, some of which may strike notifications.
        patience: real seconds that merchants have to answer; by default, the kind's own.
    """

    def __init__(
        self,
        world: World,
        real: Callable[[], float],
        addresses: Addresses,
        struck: Faults,
        patience: float | None = None,
    ) -> None:
        self._world = world
        self._real = real
        self._addresses = addresses
        self._faults = struck
        self._patience = patience

    def delivery(
        self, found: Announcement, *, flaw: Flaw | None = None, serial: str = "", by_hand: bool = False
    ) -> Delivery:
        """An attempt to deliver a notification, with the faults that strike it.

        Args:
            found: the notification.
            flaw: what is wrong with it; takes precedence over faults.
            serial: which of the platform's keys signs it; by default the usual one.
            by_hand: whether it is an attempt outside of the schedule.

        Raises:
            Undeliverable: its `notify_url` leads nowhere.
            ConfigurationError: there is no such merchant or key, or one of APIv2 can't have that flaw.
        """
        kind = event_type_of(found)
        effects = self._faults.strike(f"{faults.NOTIFICATION} {kind}", found.mchid)
        met: Mapping[type, Any] = {type(effect): effect for effect in effects}
        forged: faults.Forge | None = met.get(faults.Forge)
        other: faults.OtherKey | None = met.get(faults.OtherKey)
        delay: faults.Delay | None = met.get(faults.Delay)
        flaw = flaw or (forged.flaw if forged else None)
        destination = self._addresses.resolve(found.notify_url)
        key = self.key(found.mchid, serial)
        if other is not None:
            key = other_than(self._world.platform_keys, key, other.serial)
        message = self._written(found, key, flaw)
        return Delivery(
            announcement=found,
            destination=destination,
            message=None if faults.LoseAnswer in met else message,
            patience=self._patience or schedule_of(kind).patience,
            delay=delay.seconds if delay else 0.0,
            serial=key.serial,
            flaw=flaw,
            by_hand=by_hand,
        )

    def message(self, found: Announcement, *, flaw: Flaw | None = None, serial: str = "") -> Message:
        """A notification, encrypted for its merchant and signed now.

        Args:
            found: the notification.
            flaw: what is wrong with it.
            serial: which of the platform's keys signs it; by default the usual one.

        Raises:
            ConfigurationError: there is no such merchant or key, or one of APIv2 can't have that flaw.
        """
        return self._written(found, self.key(found.mchid, serial), flaw)

    def key(self, mchid: str, serial: str = "") -> KeyPair:
        """The key that signs a merchant's notifications: a brand's own, else the platform's for keys of its kind.

        Args:
            mchid: the merchant's number.
            serial: of another of the platform's keys.

        Raises:
            ConfigurationError: there is none of that serial.
        """
        keys, merchant = self._world.platform_keys, self._world.merchants.get(mchid)
        if not serial:
            own = merchant and merchant.platform_key
            return own or usual(keys, "RSA" if merchant is None else merchant.key.algorithm)
        named = next((key for key in keys if key.serial == serial), None)
        if named is None:
            raise ConfigurationError(
                "serial", f"the platform has no key {serial!r}", f"Give one of {', '.join(key.serial for key in keys)}"
            )
        return named

    def _written(self, found: Announcement, key: KeyPair, flaw: Flaw | None) -> Message:
        merchant = self._world.merchant(found.mchid)
        body = messages.write(found, merchant, key)
        return messages.sign(body, key, self._real(), flaw=flaw, brand=merchant.platform_key is not None)
