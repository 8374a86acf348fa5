"""Secret fields: finding them in a payload, encrypting them, and decrypting those that come back.

A field path names a field inside a payload: `receivers[].name` is the member `name` of every item of `receivers`.
https://pay.weixin.qq.com/doc/v3/merchant/4013053257
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum, auto
from typing import Any, cast

from ..errors import ConfigurationError, DecryptionError, type_of
from ..http.secret import Secret
from .flat import PLAIN, is_flat


class Mark(Enum):
    """A leaf of a `FieldTree`: the field there is secret."""

    SECRET = auto()


FieldTree = Mapping[str, "FieldTree | Mark"]
"""Field paths as nested mappings that end in `Mark.SECRET`. Arrays add no level."""

_NOTHING: FieldTree = {}

Encrypt = Callable[[str, str], str]
"""Takes a plaintext and the JSON pointer of its field; returns the ciphertext."""


def field_tree(paths: Iterable[str]) -> FieldTree:
    """The tree of some field paths. If one of two fields is inside the other, only the inner one is secret."""
    tree: dict[str, Any] = {}
    for path in paths:
        *parents, name = path.replace("[]", "").split(".")
        node = tree
        for parent in parents:
            if not isinstance(node.get(parent), dict):
                node[parent] = {}
            node = node[parent]
        node.setdefault(name, Mark.SECRET)
    return tree


def seal(payload: Any, marked: FieldTree | Mark | None, encrypt: Encrypt, argument: str) -> Any:
    """A copy of `payload` in which every marked field and every `Secret` is encrypted.

    Mappings and dataclasses become dicts, tuples become lists, enumerations their values; the caller's objects stay as
    they are.

    Args:
        payload: what the caller gave.
        marked: the fields to be encrypted; None for none but those in `Secret`.
        encrypt: called for each of them.
        argument: the name to be used in errors.

    Raises:
        ConfigurationError: a marked field that holds no string, something else in place of an object with marked
            fields, a named tuple, or a payload that contains itself.
    """
    try:
        return _seal(payload, marked, encrypt, argument)
    except RecursionError:
        raise ConfigurationError(
            argument, "it is nested too deeply, or contains itself", "Give a payload without cycles"
        ) from None


def unseal(
    payload: Any, marked: FieldTree | Mark, decrypt: Callable[[str], str], is_sealed: Callable[[str], bool]
) -> Any:
    """A copy of an answer's JSON in which the marked fields are decrypted. What is no ciphertext stays as it is.

    Args:
        payload: the answer's JSON.
        marked: the fields that come encrypted.
        decrypt: called for each of them that is ciphertext.
        is_sealed: whether a text is.

    Raises:
        DecryptionError: a ciphertext for another key, with the name of its field.
    """
    if isinstance(payload, list):
        return [unseal(item, marked, decrypt, is_sealed) for item in cast("Sequence[Any]", payload)]
    if marked is Mark.SECRET:
        return decrypt(payload) if isinstance(payload, str) and is_sealed(payload) else payload
    if isinstance(payload, dict):
        return {
            name: _unseal_member(name, value, marked[name], decrypt, is_sealed) if name in marked else value
            for name, value in cast("dict[str, Any]", payload).items()
        }
    return payload


def _unseal_member(
    name: str, value: Any, marked: FieldTree | Mark, decrypt: Callable[[str], str], is_sealed: Callable[[str], bool]
) -> Any:
    try:
        return unseal(value, marked, decrypt, is_sealed)
    except DecryptionError as error:
        raise DecryptionError(f"{name}: {error.message}") from None


def _seal(value: Any, marked: FieldTree | Mark | None, encrypt: Encrypt, pointer: str) -> Any:
    if marked is Mark.SECRET:  # what follows these asks for what is rare
        if type(value) is str:
            return encrypt(value, pointer)
    elif type(value) is dict:
        return _seal_object(value, marked or _NOTHING, encrypt, pointer)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Secret):
        return encrypt(value.reveal(), pointer)
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        if hasattr(items, "_fields"):  # a named tuple, whose members would be sent without their names
            raise ConfigurationError(pointer, f"{type_of(items)}, a named tuple", "Give its _asdict()")
        return [_seal(item, marked, encrypt, f"{pointer}/{index}") for index, item in enumerate(items)]
    if marked is Mark.SECRET:
        return _seal_field(value, encrypt, pointer)
    if marked is None and type(value) in PLAIN:
        return value
    return _seal_object(value, marked or _NOTHING, encrypt, pointer)


def _seal_field(value: Any, encrypt: Encrypt, pointer: str) -> str | None:
    """Encrypt a secret field's text. None is returned unchanged: the serialiser refuses it."""
    if isinstance(value, str):
        return encrypt(value, pointer)
    if value is None:
        return None
    raise ConfigurationError(pointer, f"a secret field holds {type_of(value)}", "Give a str: it is encrypted")


def _seal_object(value: Any, marked: FieldTree, encrypt: Encrypt, pointer: str) -> Any:
    """Seal an object: a mapping or a dataclass becomes a dict. A plain value is returned unchanged."""
    if is_flat(value):
        sealed = value.copy()
        for name, mark in marked.items():
            if name in value:
                sealed[name] = _seal(value[name], mark, encrypt, f"{pointer}/{name}")
        return sealed
    below = members(value)
    if below is not None:
        return {name: _seal(item, marked.get(name), encrypt, f"{pointer}/{name}") for name, item in below.items()}
    if marked and value is not None:
        # Else the serialiser might write this object, with its secrets in plain.
        raise ConfigurationError(pointer, f"{type_of(value)} where an object with secret fields belongs", "Give a dict")
    return value


def members(value: object) -> Mapping[str, Any] | None:
    """The members of a mapping or a dataclass; None for anything else."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None
