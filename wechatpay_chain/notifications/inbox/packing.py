"""A message's content as bytes, encrypted at rest if the caller gives a key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import field
from typing import cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ...credentials.arguments import conceals_arguments
from ...crypto.aead import KEY_SIZE
from ...crypto.concealed import Concealed
from ...errors import ConfigurationError, DecryptionError, type_of
from ...http.value import frozen
from ..sealed import load_object
from .message import Message

# No JSON and no XML begins with it.
_SEALED = b"\x01"
_NONCE_SIZE = 12


@frozen()
class Packed:
    """A message's content as it is stored.

    Attributes:
        headers: JSON of the headers that carry its signature.
        body: the bytes that came; sealed if the packer has a key.
        resource: JSON of the decrypted resource; sealed likewise.
    """

    headers: str
    body: bytes = field(repr=False)
    resource: bytes = field(repr=False)


class Packer:
    """Packs the content of messages, and unpacks it.

    What is sealed is AES-256-GCM, bound to its message's key and its column: it opens nowhere else. A notification is
    made of it alone (`Message.notification`). State, number and times of a row are not sealed.

    Args:
        key: 32 bytes that only this shop knows, to seal bodies and resources with; None stores them as they are.
        reads_unsealed: whether to accept unencrypted content, stored before there was a key. By default it is refused,
            since anyone who can write to the database may have put it there.

    Raises:
        ConfigurationError: the key has another length.
    """

    @conceals_arguments
    def __init__(self, key: bytes | None = None, *, reads_unsealed: bool = False) -> None:
        self._key = None if key is None else Concealed(_checked(key))
        self._reads_unsealed = reads_unsealed

    def pack(self, message: Message) -> Packed:
        """The content of a message, to be stored.

        Raises:
            ConfigurationError: its resource can't be written as JSON.
        """
        try:
            resource = orjson.dumps(dict(message.resource))
        except (TypeError, ValueError) as error:
            raise ConfigurationError("resource", f"it can't be written as JSON ({error})", "Give JSON values") from None
        return Packed(
            headers=orjson.dumps(dict(message.headers)).decode(),
            body=self._seal(message.body, message.key, "body"),
            resource=self._seal(resource, message.key, "resource"),
        )

    def unpack(self, key: str, packed: Packed) -> tuple[Mapping[str, str], bytes, dict[str, object]]:
        """Headers, body and resource of a stored message.

        Args:
            key: the message's key.
            packed: what `pack` made of it.

        Raises:
            DecryptionError: it is sealed, and the key isn't the one that it was sealed with; or it isn't sealed.
            DecodeError: the stored content isn't what was packed.
        """
        return (
            cast("Mapping[str, str]", load_object(packed.headers.encode(), "the stored headers")),
            self._open(packed.body, key, "body"),
            load_object(self._open(packed.resource, key, "resource"), "the stored resource"),
        )

    def _seal(self, content: bytes, key: str, column: str) -> bytes:
        if self._key is None:
            return content
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return _SEALED + nonce + AESGCM(self._key.reveal()).encrypt(nonce, content, f"{column}:{key}".encode())

    def _open(self, content: bytes, key: str, column: str) -> bytes:
        is_sealed = content.startswith(_SEALED)
        if not is_sealed and (self._key is None or self._reads_unsealed):
            return content
        if not is_sealed:
            raise DecryptionError(
                f"the stored {column} isn't sealed, though there is a seal_key: give reads_unsealed=True as long as "
                "there are messages that were stored without one"
            )
        if self._key is None:
            raise DecryptionError(f"the stored {column} is sealed: give the seal_key that it was sealed with")
        start = len(_SEALED)
        nonce, ciphertext = content[start : start + _NONCE_SIZE], content[start + _NONCE_SIZE :]
        try:
            return AESGCM(self._key.reveal()).decrypt(nonce, ciphertext, f"{column}:{key}".encode())
        except (InvalidTag, ValueError):
            raise DecryptionError(
                f"the seal_key doesn't open the stored {column}: give the one that it was sealed with"
            ) from None


def _checked(key: object) -> bytes:
    """A key of the right length; callers may be untyped."""
    if isinstance(key, bytes) and len(key) == KEY_SIZE:
        return key
    found = f"{len(key)} bytes were" if isinstance(key, bytes) else f"{type_of(key)} was"
    raise ConfigurationError("seal_key", f"{found} found", f"Give {KEY_SIZE} bytes, such as os.urandom(32) gave")
