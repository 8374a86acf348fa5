"""APIv3 notifications: the envelope, and the encrypted resource in it.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

import orjson

from ..crypto import aead, asymmetric
from ..crypto.asymmetric import PrivateKey
from ..crypto.concealed import Concealed
from ..errors import DecodeError, DecryptionError, type_of
from ..wire.v3.certificates import ALGORITHM, PURPOSE
from .notification import Notification

if TYPE_CHECKING:
    from ..wire.sealing import FieldTree

_Notification: type[Notification[dict[str, Any]]] = Notification
_ENCRYPTED_FOR_MERCHANT = "rsa:merchant"


def read(
    body: bytes, apiv3_key: bytes | Concealed[bytes], sealed_with: str = ALGORITHM
) -> Notification[dict[str, Any]]:
    """The notification in a body whose signature has been checked.

    Args:
        body: the raw bytes.
        apiv3_key: decrypts its resource.
        sealed_with: the algorithm that its resource must be encrypted with, by its signature type.

    Raises:
        DecodeError: it isn't the JSON of a notification, or its `id` is missing, null or empty.
        DecryptionError: the APIv3 key doesn't open its resource.
    """
    envelope, sealed = _envelope(body)
    resource = open_resource(
        apiv3_key,
        _text(sealed, "algorithm"),
        _text(sealed, "nonce"),
        _text(sealed, "ciphertext"),
        _text(sealed, "associated_data"),
        sealed_with,
    )
    return _notification(envelope, sealed, resource)


def restore(body: bytes, resource: dict[str, Any]) -> Notification[dict[str, Any]]:
    """The notification that `read` made of a body, whose resource is known.

    Raises:
        DecodeError: as `read`.
    """
    return _notification(*_envelope(body), resource)


def _envelope(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The envelope in a body, and its sealed part."""
    envelope = load_object(body, "the notification")
    sealed = cast("dict[str, Any]", envelope.get("resource"))
    if type(sealed) is not dict:
        raise DecodeError("the notification has no resource")
    if not _text(envelope, "id").strip():
        # Repetitions have the same id: without one, all notifications would count as the same.
        raise DecodeError("the notification has no id")
    return envelope, sealed


def _notification(
    envelope: dict[str, Any], sealed: dict[str, Any], resource: dict[str, Any]
) -> Notification[dict[str, Any]]:
    return _Notification.of(
        {
            "id": _text(envelope, "id"),
            "event_type": _text(envelope, "event_type"),
            "create_time": _text(envelope, "create_time"),
            "resource_type": _text(envelope, "resource_type"),
            "original_type": _text(sealed, "original_type") or None,
            "summary": _text(envelope, "summary"),
            "resource": resource,
            "raw": envelope,
        }
    )


def open_resource(
    apiv3_key: bytes | Concealed[bytes],
    algorithm: str,
    nonce: str,
    ciphertext: str,
    associated_data: str,
    sealed_with: str = ALGORITHM,
) -> dict[str, Any]:
    """Decrypt a resource.

    Raises:
        DecryptionError: another algorithm, or the APIv3 key doesn't open it.
        DecodeError: what was in it is no JSON object.
    """
    if algorithm != sealed_with:
        raise DecryptionError(
            f"the resource is encrypted with {algorithm[:64]!r}; {sealed_with} alone is expected here"
        )
    if associated_data == PURPOSE:
        raise DecryptionError("the resource is a sealed certificate, which no notification brings")
    plaintext = aead.decrypt(apiv3_key, nonce.encode(), ciphertext, associated_data.encode(), algorithm=algorithm)
    return load_object(plaintext, "the decrypted resource")


def load_object(content: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DecodeError: it is something else, or nested too deeply.
    """
    try:
        value: dict[str, Any] = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        # `from None`: the exception of orjson carries the whole document.
        raise DecodeError(f"{what} is not JSON: {error}") from None
    if type(value) is not dict:
        raise DecodeError(f"{what} is JSON, but not an object")
    return value


def decrypt_fields(
    resource: dict[str, Any], event_type: str, original_type: str | None, private_key: PrivateKey
) -> dict[str, Any]:
    """A copy of a resource with the fields decrypted that are encrypted for the merchant.

    Raises:
        DecryptionError: a field was encrypted for another key; with its name.
        DecodeError: they are nested too deeply.
    """
    from ..wire.sealing import unseal

    marked = _marked(event_type, original_type)
    if not marked:
        return resource
    try:
        decrypted = unseal(
            resource,
            marked,
            partial(asymmetric.decrypt, private_key),
            partial(asymmetric.is_ciphertext, private_key),
        )
    except RecursionError:
        raise DecodeError("the decrypted resource is nested too deeply") from None
    return cast("dict[str, Any]", decrypted)


@lru_cache(maxsize=256)
def _marked(event_type: str, original_type: str | None) -> FieldTree:
    from .. import catalogue
    from ..wire.sealing import field_tree

    found = catalogue.find_events(event_type, original_type)
    return field_tree(path for event in found if event.generation == "v3" for path in _paths(event.fields))


def _paths(fields: Mapping[str, Mapping[str, Any]], parent: str = "") -> list[str]:
    paths: list[str] = []
    for name, facts in fields.items():
        if facts.get("enc") == _ENCRYPTED_FOR_MERCHANT:
            paths.append(parent + name)
        paths += _paths(facts.get("fields", {}), f"{parent}{name}.")
    return paths


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if type(value) is str:
        return value
    if value is None:
        # https://pay.weixin.qq.com/doc/v3/merchant/4012791882: in some samples some are absent.
        return ""
    raise DecodeError(f"the notification's {name} is {type_of(value)}, not a string")
