"""The steps of a call, each a middleware of its own; `standard(options)` lists those of a client, outermost first.

    Seal       plain secrets become ciphertext, encrypted fields of the answer are decrypted
    Encode     the payload becomes bytes, exactly once
    Retry      the loop over attempts, bounded by one deadline; what follows runs once per attempt
    RateLimit  waits for a turn
    Verify     refuses an answer that the platform didn't sign
    Clock      measures how far the platform's clock is from this machine's
    Sign       fresh timestamp and nonce, Authorization

A call of APIv2 goes past these, through two of its own:

    EncodeV2   the parameters are completed, sealed, signed and written, exactly once
    VerifyV2   refuses an answer whose `sign` doesn't fit

ObserveCalls and Validate stand before them where the options ask for them. Beneath all of them, where requests of
every kind pass, the client puts Failover and ObserveAttempts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..credentials.merchant import Credentials
from ..credentials.platform_keys import PlatformKeys, Preference, TrustStore
from ..errors import ConfigurationError
from ..http.timeout import Timeout
from ..observing import Hook, guarded
from ..pipeline import Middleware
from ..policies.clock import PlatformClock
from ..policies.ratelimit import RateLimits
from ..policies.retry import RetryPolicy
from .clock import Clock
from .encode import Encode
from .encode_v2 import EncodeV2
from .failover import Failover
from .in_place_of import InPlaceOf
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
    "InPlaceOf",
    "ObserveAttempts",
    "ObserveCalls",
    "RateLimit",
    "Retry",
    "Seal",
    "Sign",
    "StandardOptions",
    "Validate",
    "Verify",
    "VerifyV2",
    "check_additions",
    "check_pipeline",
    "standard",
]

# A pipeline without one of these would send secrets in plain, send unsigned calls, or believe anyone.
_NEEDED = (Seal, Encode, EncodeV2, Verify, VerifyV2, Sign)


class StandardOptions(Protocol):
    """What the standard steps take of a client's options; `wechatpay_chain.client.options.Options` has it."""

    @property
    def credentials(self) -> Credentials:
        """The merchant's keys and the platform's."""
        ...

    @property
    def workwx_secret(self) -> str | None:
        """The secret of WeCom's payment application."""
        ...

    @property
    def timeouts(self) -> Timeout:
        """The times of a call that brings none of its own."""
        ...

    @property
    def validate(self) -> bool:
        """Whether payloads are checked against the catalogue."""
        ...

    @property
    def prefer(self) -> Preference:
        """Which kind of platform key to ask answers from and to encrypt with."""
        ...

    @property
    def retry(self) -> RetryPolicy:
        """How often and how soon calls are repeated."""
        ...

    @property
    def rate_limits(self) -> RateLimits | None:
        """The rates to keep to; None keeps to none."""
        ...

    @property
    def observe(self) -> Hook | None:
        """Called with each event."""
        ...

    @property
    def clock(self) -> Callable[[], float]:
        """Returns Unix time in seconds."""
        ...

    @property
    def correct_clock(self) -> bool:
        """Whether to go by the platform's time where this machine's clock is off."""
        ...


def standard(options: StandardOptions) -> tuple[Middleware, ...]:
    """The steps of a client with these options, outermost first. Change the tuple and give it as `pipeline=`.

        options = Options(**arguments)
        wxpay = WeChatPay(**arguments, pipeline=(timed, *standard(options)))

    Args:
        options: of the client, `wechatpay_chain.client.options.Options`; those of one that exists are `wxpay.options`.
    """
    credentials, notify = options.credentials, guarded(options.observe)
    clock = PlatformClock(options.clock, corrects=options.correct_clock)
    trust = TrustStore(credentials.platform_keys, prefer=options.prefer)

    def platform_keys() -> PlatformKeys:
        return trust.keys

    return (
        *((ObserveCalls(notify),) if notify else ()),
        *((Validate(),) if options.validate else ()),
        Seal(platform_keys, credentials.private_key),
        Encode(),
        EncodeV2(
            credentials.mchid,
            credentials.apiv2_key,
            presents_certificate=credentials.client_tls is not None,
            workwx_secret=options.workwx_secret,
            serial=credentials.serial,
            signer=credentials.signer,
            clock=clock,
        ),
        Retry(options.retry, options.timeouts, notify=notify, clock=clock),
        *(
            (RateLimit(credentials.mchid, options.rate_limits, options.timeouts, notify=notify, time=clock),)
            if options.rate_limits
            else ()
        ),
        Verify(trust, clock, options.timeouts),
        VerifyV2(credentials.apiv2_key),
        Clock(clock, notify=notify),
        Sign(credentials.mchid, credentials.serial, credentials.signer, clock),
    )


def check_pipeline(steps: Sequence[Middleware]) -> None:
    """Refuse a pipeline without a step that keeps calls safe, unless an `InPlaceOf` says that it is meant so.

    Raises:
        ConfigurationError: such a step is missing.
    """
    present = [step.replaced if isinstance(step, InPlaceOf) else step for step in steps]
    for kind in _NEEDED:
        if not any(isinstance(step, kind) for step in present):
            raise ConfigurationError(
                "pipeline",
                f"there is no {kind.__name__} in it",
                "Make it of standard(options), with InPlaceOf(step, ...) where a step was replaced or left out on "
                "purpose. Steps to be added go to middlewares=",
            )


def check_additions(steps: Sequence[Middleware]) -> None:
    """Refuse standard steps as additions, which would do their work twice.

    Raises:
        ConfigurationError: there is one among them.
    """
    for step in steps:
        if isinstance(step, _NEEDED):
            raise ConfigurationError(
                "middlewares",
                f"the standard step {type(step).__name__} is among them",
                "They are added to the standard steps: give yours alone, or all of them as pipeline=",
            )
