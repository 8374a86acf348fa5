"""The steps of a call, each a middleware of its own.

    Seal     plain secrets become ciphertext, those that come back are decrypted
    Encode   payload becomes bytes, exactly once
    Verify   an answer that isn't signed by the platform is not handed on
    Sign     fresh timestamp and nonce, Authorization

Validate stands before them when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..credentials import Credentials
from ..pipeline import Middleware
from ..trust import PlatformKeys
from .encode import Encode
from .seal import Seal
from .sign import Sign
from .validate import Validate
from .verify import Verify

__all__ = ["Encode", "Seal", "Sign", "Validate", "Verify", "standard"]


def standard(
    credentials: Credentials, *, clock: Callable[[], float] = time.time, validate: bool = False
) -> tuple[Middleware, ...]:
    """The middlewares of a client, outermost first. Add to the tuple, or replace a step, and give it as `middlewares=`.

    Args:
        credentials: what the merchant signs, verifies and decrypts with.
        clock: gives Unix time in seconds.
        validate: whether to check payloads against the catalogue before anything is sent.
    """

    def platform_keys() -> PlatformKeys:
        return credentials.platform_keys

    return (
        *((Validate(),) if validate else ()),
        Seal(platform_keys, credentials.private_key),
        Encode(),
        Verify(platform_keys, clock),
        Sign(credentials.mchid, credentials.serial, credentials.signer, clock),
    )
