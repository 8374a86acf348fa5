"""Faults: rules that say where the platform misbehaves, how often, and how.

    emulator.faults.add(Refuse(429, "RATELIMIT_EXCEEDED"), operation="POST /v3/pay/*", share=0.1)
    emulator.faults.add(LoseAnswer(), operation="POST /v3/refund/domestic/refunds", times=1)

This module only finds which faults strike a call, by `Faults.strike`; `misbehaviour` and others carry them out.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Literal, get_args

from .._arguments import ANY_TIME, TEXT, Takes, a_count, check, check_attributes, instance, is_number, one_of
from ..errors import ConfigurationError

Flaw = Literal["altered", "probe", "stale", "unsigned"]
"""What is wrong with a message: its body was changed after signing, its signature is one of the wrong ones that the
platform sends on purpose, its timestamp is ten minutes old, or it has no signature."""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)

NOTIFICATION = "NOTIFY"
"""Stands for the method in a rule for notifications: `NOTIFY TRANSACTION.SUCCESS`."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call is refused, and has no effect.

    Attributes:
        status: HTTP status: 4xx or 5xx, or 202. APIv2 answers 200 all the same.
        code: the platform's error code, such as `SYSTEM_ERROR`.
        message: text for people.
    """

    status: int = 500
    code: str = "SYSTEM_ERROR"
    message: str = "系统异常，请用相同参数重新调用"


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer, or the notification, comes later.

    Attributes:
        seconds: how much later, in real seconds.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The call takes effect, and the connection breaks before the answer. A notification only counts as sent."""


@dataclass(frozen=True, slots=True)
class CutBody:
    """The call takes effect, and the connection breaks in the middle of the answer.

    Attributes:
        kept: how many bytes of the body are sent; half of them by default.
    """

    kept: int | None = None


@dataclass(frozen=True, slots=True)
class Forge:
    """The call takes effect; its answer, or the notification, has a flaw for which it must be refused.

    Attributes:
        flaw: what is wrong with it.
    """

    flaw: Flaw = "altered"


@dataclass(frozen=True, slots=True)
class Page:
    """The call has no effect, and a page of HTML comes back, as from a proxy.

    Attributes:
        status: HTTP status.
    """

    status: int = 502


@dataclass(frozen=True, slots=True)
class OtherKey:
    """The answer, or the notification, is signed by another key of the platform than usual, as in a rotation.

    Attributes:
        serial: serial number or `PUB_KEY_ID_...`; by default, the next key that the merchant knows.
    """

    serial: str = ""


@dataclass(frozen=True, slots=True)
class SkewClock:
    """The platform's clock is wrong for this call: `Date`, its signature's time, and its check of a request's.

    Attributes:
        seconds: how much it is ahead; negative where it is behind.
    """

    seconds: float


Effect = Refuse | Delay | LoseAnswer | CutBody | Forge | Page | OtherKey | SkewClock
"""What a fault does."""

EFFECTS: Mapping[str, type[Effect]] = {
    "refuse": Refuse,
    "delay": Delay,
    "lose-answer": LoseAnswer,
    "cut-body": CutBody,
    "forge": Forge,
    "page": Page,
    "other-key": OtherKey,
    "skew-clock": SkewClock,
}
"""The effects by their names in the control API and on the command line."""

_NAMES = {effect: name for name, effect in EFFECTS.items()}
# The types of members that aren't strings.
_TYPES: Mapping[str, type] = {
    "status": int,
    "kept": int,
    "seconds": float,
    "share": float,
    "times": int,
    "after": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule: where the platform misbehaves, and how.

    Attributes:
        number: identifies it.
        effect: what it does.
        operation: which operations it strikes: a pattern over method and path template, such as
            `POST /v3/pay/transactions/*` or `* /v3/refund/*`, or over a path alone; `NOTIFY REFUND.*` for
            notifications.
        merchant: the number of the merchant that it strikes; empty for any.
        share: how many of these calls it strikes, from 0 to 1.
        times: after how many strikes it is over; None for never.
        after: how many of these calls pass first.
        struck: how often it has struck.
    """

    number: int
    effect: Effect
    operation: str = "*"
    merchant: str = ""
    share: float = 1.0
    times: int | None = None
    after: int = 0
    struck: int = 0

    def fits(self, operation: str, mchid: str) -> bool:
        """Whether a call is among those that it may strike.

        Args:
            operation: method and path template of the call, `NOTIFY` and the kind of a notification.
            mchid: number of the merchant; empty where nobody knows.
        """
        if self.times is not None and self.struck >= self.times:
            return False
        if self.merchant and self.merchant != mchid:
            return False
        method, _, path = operation.partition(" ")
        if self.operation.startswith("/"):
            return fnmatchcase(path, self.operation)
        # A rule for all operations is for calls only.
        return fnmatchcase(operation, self.operation) and (self.operation != "*" or method != NOTIFICATION)

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSON values, the form of the control API."""
        told = {name: getattr(self, name) for name in _MEMBERS}
        return {"number": self.number, "effect": _NAMES[type(self.effect)], **asdict(self.effect), **told}


_MEMBERS = ("operation", "merchant", "share", "times", "after", "struck")
_WHERE = _MEMBERS[:-1]


class Faults:
    """The rules in force, the oldest first. It may be used from many threads.

    Args:
        seed: of the random numbers for `share`, so that a run can be repeated; None for a different one each time.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._faults: dict[int, Fault] = {}
        self._numbers = itertools.count(1)
        # Random numbers for tests, not for keys.
        self._chance = random.Random(seed)  # noqa: S311 - see above
        self._lock = Lock()

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def __len__(self) -> int:
        return len(self._faults)

    def add(
        self,
        effect: Effect,
        *,
        operation: str = "*",
        merchant: str = "",
        share: float = 1.0,
        times: int | None = None,
        after: int = 0,
    ) -> Fault:
        """Add a rule. The arguments are the attributes of `Fault`.

        Raises:
            ConfigurationError: one of them, or an attribute of the effect, is wrong.
        """
        _check(effect, operation=operation, merchant=merchant, share=share, times=times, after=after)
        with self._lock:
            fault = Fault(
                number=next(self._numbers),
                effect=effect,
                operation=operation,
                merchant=merchant,
                share=share,
                times=times,
                after=after,
            )
            self._faults[fault.number] = fault
        return fault

    def remove(self, number: int) -> bool:
        """Remove the rule of this number. False if there is none."""
        with self._lock:
            return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._faults.clear()

    def seed(self, seed: int) -> None:
        """Restart the random numbers for `share`."""
        with self._lock:
            self._chance.seed(seed)

    def strike(self, operation: str, mchid: str) -> tuple[Effect, ...]:
        """The effects on a call, at most one of each kind, that of the oldest rule. The rules count the strike.

        Args:
            operation: method and path template of the call, or `NOTIFY` and the kind of a notification.
            mchid: number of the merchant; empty where nobody knows.
        """
        if not self._faults:
            return ()
        met: dict[type[Effect], Effect] = {}
        with self._lock:
            for fault in list(self._faults.values()):
                if type(fault.effect) in met or not fault.fits(operation, mchid):
                    continue
                if fault.after:
                    self._faults[fault.number] = replace(fault, after=fault.after - 1)
                elif fault.share >= 1 or self._chance.random() < fault.share:
                    self._faults[fault.number] = replace(fault, struck=fault.struck + 1)
                    met[type(fault.effect)] = fault.effect
        return tuple(met.values())


def from_dict(members: Mapping[str, Any]) -> tuple[Effect, dict[str, Any]]:
    """An effect and the other arguments of `Faults.add`, from the JSON values of `Fault.to_dict`.

    Raises:
        ConfigurationError: something in them is unknown, missing or out of range.
    """
    given = dict(members)
    name = given.pop("effect", None)
    effect = EFFECTS.get(name) if isinstance(name, str) else None
    if effect is None:
        raise ConfigurationError("effect", f"{name!r} was found", f"Give one of {', '.join(EFFECTS)}")
    where = {member: given.pop(member) for member in _WHERE if given.get(member) is not None}
    own = {member.name: member for member in fields(effect)}
    unknown = sorted(given.keys() - own.keys() - set(_WHERE))
    if unknown:
        raise ConfigurationError(
            unknown[0], f"{name} has no such member", f"Give {', '.join([*own, *_WHERE])} or leave it out"
        )
    missing = [member for member, field in own.items() if field.default is MISSING and given.get(member) is None]
    if missing:
        raise ConfigurationError(missing[0], f"it is missing, and {name} needs it", "Give it")
    values = {member: _typed(member, given[member]) for member in own if given.get(member) is not None}
    return effect(**values), {member: _typed(member, value) for member, value in where.items()}


def _typed(member: str, value: Any) -> Any:
    wanted = _TYPES.get(member, str)
    # An int is a number, too; a bool isn't.
    if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
        raise ConfigurationError(member, f"{value!r} was found", f"Give a value of type {wanted.__name__}")
    return value


_STATUS = {
    "status": Takes(lambda value: isinstance(value, int) and 200 <= value < 600, "Give an HTTP status, such as 500")
}
_TAKES = {
    "effect": instance(Effect, "Give what a fault does, such as Refuse(500, 'SYSTEM_ERROR') or LoseAnswer()"),
    "operation": TEXT,
    "merchant": TEXT,
    "share": Takes(
        lambda value: is_number(value) and 0 <= value <= 1, "Give a share from 0 to 1, such as 0.05 for one in 20"
    ),
    "times": a_count(1, "Give a count from 1, or leave it out").or_none(),
    "after": a_count(0, "Give a count from 0"),
}
_TAKES_OF: Mapping[type[Effect], Mapping[str, Takes]] = {
    Refuse: {**_STATUS, "code": TEXT, "message": TEXT},
    Delay: {"seconds": Takes(lambda value: is_number(value) and 0 <= value <= 3600, "Give seconds from 0 to 3600")},
    CutBody: {"kept": a_count(0, "Give a count of bytes from 0").or_none()},
    Forge: {"flaw": one_of(FLAWS, f"Give one of {', '.join(FLAWS)}")},
    Page: _STATUS,
    OtherKey: {"serial": TEXT},
    SkewClock: {"seconds": ANY_TIME},
}


def _check(effect: Effect, **where: Any) -> None:
    check(_TAKES, effect=effect, **where)
    if not where["operation"]:
        raise ConfigurationError("operation", "it is empty", "Give a pattern such as POST /v3/pay/*, or * for all")
    check_attributes(_TAKES_OF.get(type(effect), {}), "", effect)
