"""Who signs for the merchant: a private key that is here, or a service that holds it."""

from __future__ import annotations

import asyncio
from dataclasses import field
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..crypto import keys
from ..crypto.asymmetric import Algorithm, PrivateKey
from ..crypto.keys import sm2
from ..errors import ConfigurationError, TimedOut, WeChatPayError, type_of
from ..http.value import frozen
from ..pipeline import foreign_error
from .signing import signing_of_loop


@runtime_checkable
class Signer(Protocol):
    """Signs for the merchant without handing out the key: a KMS, an HSM, a signing service.

    A signer in SM mode has the attribute `algorithm = "SM2"`.
    """

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`; in SM mode that of SM2 with SM3, in DER."""
        ...


@frozen()
class KeySigner:
    """A `Signer` that holds the private key itself.

    Attributes:
        private_key: RSA.
        threads: False signs in the event loop, whatever the load.
    """

    private_key: RSAPrivateKey = field(repr=False)
    threads: bool = field(default=True, repr=False)

    async def sign(self, message: bytes) -> bytes:
        """The RSA signature (PKCS#1 v1.5, SHA-256) of `message`."""
        return await signing_of_loop().sign(self.private_key, message, threads=self.threads)


def signer_of(key: PrivateKey) -> Signer:
    """The signer of a private key."""
    if isinstance(key, RSAPrivateKey):
        return KeySigner(key)
    from .sm_signer import SMSigner

    return SMSigner(key)


def load_signer(source: keys.PrivateKeySource | Signer, password: str) -> tuple[Signer, PrivateKey | None]:
    """The signer, and its private key; None if the caller's own signer holds that.

    Args:
        source: a key in any form, or a `Signer`.
        password: of a PKCS#12 bundle: the owner's number, as the platform sets it.

    Raises:
        ConfigurationError: it is something else.
    """
    if isinstance(source, Path | str | bytes | RSAPrivateKey) or sm2.is_private_key(source):
        key = keys.load_private_key(source, password=password)
        return signer_of(key), key
    # Loaded keys of other kinds have a method `sign` too.
    if hasattr(source, "public_key") or not isinstance(source, Signer):
        raise ConfigurationError(
            "private_key",
            f"{type_of(source)} was found",
            "Give a Path, PEM text or bytes, a loaded key, or an object with async def sign(message)",
        )
    return source, None


def algorithm_of(signer: Signer) -> Algorithm:
    """The algorithm of a signer.

    Raises:
        ConfigurationError: its attribute `algorithm` is neither `RSA` nor `SM2`.
    """
    algorithm: object = getattr(signer, "algorithm", "RSA")
    if algorithm == "RSA":
        return "RSA"
    if algorithm == "SM2":
        return "SM2"
    raise ConfigurationError("private_key", "the signer's algorithm is unknown", "Let it be 'RSA' or 'SM2'")


async def signature_by(signer: Signer, message: bytes, seconds: float | None = None) -> bytes:
    """The signature of `message` by a signer.

    Args:
        signer: makes it.
        message: is signed.
        seconds: that it may take; None for no bound, as for a key that is here.

    Raises:
        ConfigurationError: the signer returned something else than bytes.
        TimedOut: it took too long. Nothing was sent.
        TransportError: it raised another exception than one of ours. Nothing was sent.
    """
    try:
        if seconds is None:
            signature = await signer.sign(message)
        else:
            signature = await _in_time(signer, message, seconds)
    except WeChatPayError as error:
        error.outcome = "not_sent"
        raise
    except Exception as error:
        raise foreign_error(error, "the signer", outcome="not_sent") from error
    if not isinstance(signature, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]: signers may be untyped
        raise ConfigurationError(
            "private_key", f"its sign() returned {type_of(signature)}", "Return the raw signature as bytes"
        )
    return signature


async def _in_time(signer: Signer, message: bytes, seconds: float) -> bytes:
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            return await signer.sign(message)
    except TimeoutError:
        if not bound.expired():
            raise  # the signer's own
    raise TimedOut(f"the signer gave no signature within {seconds:g} s")
