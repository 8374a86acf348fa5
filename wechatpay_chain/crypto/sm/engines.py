"""The engine that computes SM2 on this machine: libcrypto, GmSSL, or plain Python, if it passes a known-answer test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Protocol, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from ...errors import ConfigurationError, WeChatPayWarning
from .failure import EngineError
from .gmssl import Gmssl
from .keys import SM2PrivateKey, SM2PublicKey
from .libcrypto import Libcrypto, candidates
from .plain import Plain, sm3

E = TypeVar("E")

WAYS_OUT = (
    "Let the system have an OpenSSL 3 with SM2 (Debian, Ubuntu and Alpine build it in), or "
    "pip install 'wechatpay-chain[sm]'"
)

# Made with the openssl program; the key serves no other purpose.
_SECRET = bytes.fromhex("4e42f92273dfce5f623e156f67e1ac22142f7ba6e6046b4693147a34a50a7a2a")
_POINT = bytes.fromhex(
    "99a07150f774b4a9ffd54f3062445fffd835c878a8df62e9111786e4aca24b1e"
    "172794eaada5eee5cf22c49604a862f1c2105fdd9cfb87dd3ccd7192c9e55f28"
)
_ANSWER = b"known answer"
_SIGNATURE = bytes.fromhex(
    "3045022071fdaa31c859ee8922178f9aade3a2e9b72d4025e87a7cd75426d7ef186c7b65"
    "022100e94936a00023c7578bcd2bd20b727701cfd8e51dfc4b52696f9faf4942d98876"
)
_CIPHERTEXT = bytes.fromhex(
    "3075022100c437bb0efeb1bb9489d99b7ad2e8291935ed609f71f6a4504fadbf12470f8ff7"
    "022038c971d96ef31e30f7335c6aa783fe7154cf1d774ad76ca5274c20828ceb71c0"
    "04201159f8f9b3e027fe829c3641a9423844d04b11495b896d40c885968054c16838040cdfb9e801fe1a2347f794e3b4"
)


class Engine(Protocol):
    """Computes SM2; raises EngineError where it can't."""

    @property
    def name(self) -> str:
        """What it is, to be shown."""
        ...

    def public_point(self, secret: bytes) -> bytes:
        """The public key of a private number, 64 bytes."""
        ...

    def sign(self, key: SM2PrivateKey, message: bytes) -> bytes:
        """The signature with SM3 and the platform's user id, DER."""
        ...

    def verify(self, key: SM2PublicKey, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the message by this key."""
        ...

    def encrypt(self, key: SM2PublicKey, plaintext: bytes) -> bytes:
        """The ciphertext, C1C3C2 in ASN.1, of at least one byte."""
        ...

    def decrypt(self, key: SM2PrivateKey, ciphertext: bytes) -> bytes:
        """The plaintext; raises ValueError where it was encrypted for another key, or changed."""
        ...


@cache
def engine() -> Engine:
    """The best engine of this machine that passes the known-answer test.

    Raises:
        ConfigurationError: there is none: neither libcrypto nor `cryptography` has SM3, and the extra isn't installed.
    """
    found = next(filter(knows_the_answers, _candidates()), None)
    if found is not None:
        return found
    try:
        sm3(b"")
    except UnsupportedAlgorithm:
        raise ConfigurationError("private_key", "this machine has neither SM2 nor SM3", WAYS_OUT) from None
    warnings.warn(
        "SM2 is computed in plain Python: it is slow, and its time tells something of the private key to who can "
        f"measure it. {WAYS_OUT}",
        WeChatPayWarning,
        stacklevel=2,
    )
    return Plain()


def libcryptos() -> Iterator[Libcrypto]:
    """The libraries of this machine that may have SM2."""
    for path in candidates():
        yield from _made(partial(Libcrypto, path))


def _candidates() -> Iterator[Engine]:
    yield from libcryptos()
    yield from _made(Gmssl)


def knows_the_answers(candidate: Engine) -> bool:
    """Whether an engine passes the known-answer test: it computes and refuses what the openssl program does."""
    try:
        key = SM2PrivateKey(_SECRET, SM2PublicKey(_POINT))
        altered = bytes((*_SIGNATURE[:-1], _SIGNATURE[-1] ^ 1))
        return (
            candidate.public_point(_SECRET) == _POINT
            and candidate.verify(key.public, _ANSWER, _SIGNATURE)
            and not candidate.verify(key.public, _ANSWER, altered)
            and candidate.verify(key.public, _ANSWER, candidate.sign(key, _ANSWER))
            and candidate.decrypt(key, _CIPHERTEXT) == _ANSWER
            and candidate.decrypt(key, candidate.encrypt(key.public, _ANSWER)) == _ANSWER
        )
    except (EngineError, ValueError):
        return False


def _made(make: Callable[[], E]) -> list[E]:
    try:
        return [make()]
    except (OSError, AttributeError, ImportError, EngineError):
        return []
