"""The signer of a private key of SM2."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..crypto.asymmetric import Algorithm
from ..crypto.sm import sm2
from ..crypto.sm.keys import SM2PrivateKey
from .sm_threads import in_thread


@dataclass(frozen=True, slots=True)
class SMSigner:
    """A `Signer` that holds the private key itself, and signs in a thread.

    Attributes:
        private_key: of SM2.
    """

    private_key: SM2PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        return "SM2"

    async def sign(self, message: bytes) -> bytes:
        """The signature (SM2 with SM3, DER) of `message`."""
        return await in_thread(sm2.sign, self.private_key, message)
