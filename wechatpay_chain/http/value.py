"""Values: frozen, by keyword only, made and copied in few steps, and without generated code.

`dataclasses` writes and compiles several functions for each class when it is imported. Here they are written once, for
all of them; the classes still are dataclasses, with `fields` and `replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform

V = TypeVar("V", bound="type[Value]")


class Value:
    """The functions of a value. An instance holds only what it was given; all else is its class's default.

    Of the many requests and answers that a call consists of, most are copies: `changed` makes them in a tenth of the
    time that `dataclasses.replace` takes.
    """

    _attributes: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()
    _compared: ClassVar[tuple[str, ...]] = ()
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        if not self._attributes.issuperset(attributes):
            raise _no_attribute(type(self), attributes.keys() - self._attributes)
        if not self._required <= attributes.keys():
            missing = ", ".join(sorted(self._required - attributes.keys()))
            raise TypeError(f"{type(self).__name__} is made without {missing}")
        held = self.__dict__
        held |= attributes

    @classmethod
    def learn(cls, of: Sequence[Field[Any]]) -> None:
        """Take note of the attributes that a class has; `value` calls it once."""
        given = [item for item in of if item.init]
        cls._attributes = frozenset(item.name for item in given)
        cls._required = frozenset(item.name for item in given if item.default is MISSING)
        cls._compared = tuple(item.name for item in of if item.compare)
        cls._shown = tuple(item.name for item in of if item.repr)

    def changed(self, **changes: Any) -> Self:
        """A copy with other values for some attributes.

        Raises:
            TypeError: there is no such attribute.
        """
        if not self._attributes.issuperset(changes):
            raise _no_attribute(type(self), changes.keys() - self._attributes)
        value = object.__new__(type(self))
        held = value.__dict__
        held |= self.__dict__
        held |= changes
        return value

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__qualname__}({shown})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._compared)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self._compared))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value(cls: V) -> V:
    """Makes a class that derives from `Value` a dataclass, frozen, its arguments by keyword only."""
    made: Any = dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
    cls.learn(fields(made))
    return cls


def _no_attribute(kind: type[Value], unknown: Iterable[str]) -> TypeError:
    return TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
