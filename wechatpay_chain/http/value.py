"""Frozen dataclasses without generated code.

`dataclasses` generates and compiles several functions for each class on import, which takes a millisecond
(`python -m benchmarks.import_time`). Here all classes share the same functions; they still are dataclasses, with
`fields` and `replace`.

    Value    for what each call makes and copies: arguments by keyword only, quick to make and to copy
    frozen   for all else: slotted, as `dataclass(frozen=True, slots=True)` makes them
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast, dataclass_transform

V = TypeVar("V", bound="type[Value]")
C = TypeVar("C")

# A call makes and copies half a dozen values (`python -m benchmarks.pipeline`).
_new, _set = object.__new__, object.__setattr__


class Value:
    """The base class of values.

    Most of the requests and answers of a call are copies, which `changed` makes in a tenth of the time that
    `dataclasses.replace` takes. All instances hold all attributes in the same order, so that Python's inline caches
    find them (`python -m benchmarks.share`).
    """

    _required: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[dict[str, Any]] = {}
    _compared: ClassVar[tuple[str, ...]] = ()
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        if not self._required <= attributes.keys():
            missing = ", ".join(sorted(self._required - attributes.keys()))
            raise TypeError(f"{type(self).__name__} is made without {missing}")
        _set(self, "__dict__", self._whole(attributes))

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self:
        """The same as `cls(**attributes)` in half of the time; all required attributes must be given.

        A dict of all attributes, in the order of the class, is kept, not copied: don't change it afterwards.
        """
        value = _new(cls)
        _set(value, "__dict__", attributes if len(attributes) == len(cls._defaults) else cls._whole(attributes))
        return value

    @classmethod
    def _whole(cls, attributes: Mapping[str, Any]) -> dict[str, Any]:
        defaults = cls._defaults
        whole = {**defaults, **attributes}
        if len(whole) != len(defaults):
            raise _no_attribute(cls, attributes.keys() - defaults.keys())
        return whole

    @classmethod
    def learn(cls, of: Sequence[Field[Any]]) -> None:
        """Note the attributes of a new class; called once, by `value`."""
        given = [item for item in of if item.init]
        cls._required = frozenset(item.name for item in given if item.default is MISSING)
        cls._defaults = {item.name: None if item.default is MISSING else item.default for item in given}
        cls._compared = tuple(item.name for item in of if item.compare)
        cls._shown = tuple(item.name for item in of if item.repr)

    def changed(self, **changes: Any) -> Self:
        """A copy with other values for some attributes.

        Raises:
            TypeError: there is no such attribute.
        """
        held = self.__dict__
        whole = held | changes
        if len(whole) != len(held):
            raise _no_attribute(type(self), changes.keys() - held.keys())
        value = _new(self.__class__)
        _set(value, "__dict__", whole)
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

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # A value that another version pickled may lack attributes that were added since.
        _set(self, "__dict__", {**self._defaults, **state})

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


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, kw_only: bool = False) -> Callable[[type[C]], type[C]]:
    """Makes a class a frozen, slotted dataclass.

    Args:
        kw_only: whether its arguments are given by keyword only.
    """

    def make(cls: type[C]) -> type[C]:
        for name, function in _FUNCTIONS.items():
            if name not in cls.__dict__:
                setattr(cls, name, function)
        made = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
        cast("Any", made).__dataclass_params__.frozen = True  # so that frozen classes may derive from it
        return made

    return make


def _init(self: Any, /, *given: Any, **named: Any) -> None:
    own = _fields_of(self.__class__)
    if given or not named.keys() <= own.keys():
        named = _placed(type(self).__name__, own, given, named)
    for name, item in own.items():
        _set(self, name, named[name] if name in named else _default(type(self).__name__, item))
    if hasattr(self, "__post_init__"):
        self.__post_init__()


@lru_cache(maxsize=256)
def _fields_of(cls: type[Any]) -> dict[str, Field[Any]]:
    return {item.name: item for item in fields(cls)}


def _placed(name: str, own: dict[str, Field[Any]], given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, those that were given by place included."""
    in_order = [item.name for item in own.values() if not item.kw_only]
    placed = dict(zip(in_order, given, strict=False))
    wrong = (placed.keys() & named.keys()) | (named.keys() - own.keys())
    if len(given) > len(in_order) or wrong:
        raise TypeError(f"{name} has no place for {', '.join(sorted(wrong)) or given[-1:]}")
    return placed | named


def _default(name: str, item: Field[Any]) -> Any:
    if item.default is not MISSING:
        return item.default
    if item.default_factory is not MISSING:
        return item.default_factory()
    raise TypeError(f"{name} is made without {item.name}")


def _repr(self: Any) -> str:
    shown = ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
    return f"{type(self).__qualname__}({shown})"


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, item.name) for item in fields(self) if item.compare)


def _eq(self: Any, other: object) -> bool:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, item.name) for item in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for item, held in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, held)


_FUNCTIONS: dict[str, Any] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": Value.__setattr__,
    "__delattr__": Value.__delattr__,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
}
