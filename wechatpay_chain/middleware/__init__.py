"""The steps of a call, each a middleware of its own.

    Seal     plain secrets become ciphertext, those that come back are decrypted
    Encode   payload becomes bytes, exactly once
    Retry    the loop over attempts, bounded by one deadline; what follows runs once per attempt
    RateLimit   waits for a turn
    Verify   an answer that isn't signed by the platform is not handed on
    Clock    measures how far the platform's clock is from this machine's
    Sign     fresh timestamp and nonce, Authorization

A call of APIv2 goes past these, through two of its own:

    EncodeV2   parameters are completed, sealed, signed and written, exactly once
    VerifyV2   an answer whose sign doesn't fit is not handed on

Validate and ObserveCalls stand before them when they are asked for. Beneath all of them, where requests of every kind
pass, the client puts Failover and ObserveAttempts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..credentials.merchant import Credentials
from ..credentials.platform_keys import PlatformKeys, TrustStore
from ..http.timeout import Timeout
from ..observing import Hook
from ..pipeline import Middleware
from ..policies.clock import PlatformClock
from ..policies.ratelimit import RateLimits
from ..policies.retry import RetryPolicy
from .clock import Clock
from .encode import Encode
from .encode_v2 import EncodeV2
from .failover import Failover
from .observe import ObserveAttempts, ObserveCalls
from .ratelimit import RateLimit
from .retry import Retry
from .seal import Seal
from .sign import Sign
from .validate import Validate
from .verify import Verify
from .verify_v2 import VerifyV2

__all__ = [
    "Clock",
    "Encode",
    "EncodeV2",
    "Failover",
    "ObserveAttempts",
    "ObserveCalls",
    "RateLimit",
    "Retry",
    "Seal",
    "Sign",
    "Validate",
    "Verify",
    "VerifyV2",
    "standard",
]


def standard(
    credentials: Credentials,
    *,
    clock: Callable[[], float] = time.time,
    validate: bool = False,
    trust: TrustStore | None = None,
    workwx_secret: str | None = None,
    timeouts: Timeout = Timeout(),  # noqa: B008 - it is immutable
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - the same
    rate_limits: RateLimits | None = RateLimits(),  # noqa: B008 - the same
    notify: Hook | None = None,
) -> tuple[Middleware, ...]:
    """The middlewares of a client, outermost first. Add to the tuple, or replace a step, and give it as `middlewares=`.

    Args:
        credentials: what the merchant signs, verifies and decrypts with.
        clock: gives Unix time in seconds; a `PlatformClock` to learn how far it is off, or to correct it.
        validate: whether to check payloads against the catalogue before anything is sent.
        trust: the platform's keys where they change; by default those of `credentials`.
        workwx_secret: the secret of WeCom's payment application, for its `workwx_sign`.
        timeouts: of a call that brings none.
        retry: how often and how soon calls are repeated.
        rate_limits: the rates to keep to; None keeps to none and never slows down.
        notify: is told of what happens.
    """
    clock = clock if isinstance(clock, PlatformClock) else PlatformClock(clock)
    store = TrustStore(credentials.platform_keys) if trust is None else trust

    def platform_keys() -> PlatformKeys:
        return store.keys

    return (
        *((ObserveCalls(notify),) if notify else ()),
        *((Validate(),) if validate else ()),
        Seal(platform_keys, credentials.private_key),
        Encode(),
        EncodeV2(
            credentials.mchid,
            credentials.apiv2_key,
            presents_certificate=credentials.client_tls is not None,
            workwx_secret=workwx_secret,
            serial=credentials.serial,
            signer=credentials.signer,
            clock=clock,
        ),
        Retry(retry, timeouts, notify=notify, now=clock),
        *((RateLimit(credentials.mchid, rate_limits, timeouts, notify=notify, now=clock),) if rate_limits else ()),
        Verify(platform_keys, clock, store.renewer.fetch if store.renewer else None),
        VerifyV2(credentials.apiv2_key),
        Clock(clock, notify=notify),
        Sign(credentials.mchid, credentials.serial, credentials.signer, clock),
    )
