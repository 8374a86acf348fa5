"""The steps of a call, each a middleware of its own; `standard(options)` lists those of a client, outermost first.

    Seal       encrypts secrets, decrypts encrypted fields of the answer
    Encode     makes bytes of the payload, exactly once
    Retry      repeats attempts, bounded by one deadline; what follows runs once per attempt
    RateLimit  waits for a turn
    Verify     refuses an answer that the platform didn't sign
    Clock      measures how far the platform's clock is from this machine's
    Sign       sets Authorization, with a fresh timestamp and nonce

Each scheme has its own sequence of steps: those whose `scheme` it is, and those without one. A brand has the same steps
as a merchant of APIv3, with its own keys; so has a merchant whose key is of SM2. A call of APIv2 passes others:

    SealV2     encrypts secrets with the key for bank cards
    SignV2     signs with the key of the merchant's certificate, where an operation asks for that
    EncodeV2   completes, signs and writes the parameters, exactly once
    VerifyV2   refuses an answer whose `sign` is wrong

With the options for them, ObserveCalls and Validate come first. The client adds Failover and ObserveAttempts at the
end, which all requests pass, downloads too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol

from ..credentials.bank_key import BankKey
from ..credentials.brand import Brand
from ..credentials.merchant import Credentials
from ..credentials.platform_keys import Preference
from ..credentials.sm_threads import in_thread
from ..credentials.trust_store import TrustStore
from ..errors import ConfigurationError
from ..http.timeout import Timeout
from ..observing import Hook, guarded
from ..pipeline import Middleware, steps_of
from ..policies.clock import PlatformClock
from ..policies.ratelimit import RateLimits
from ..policies.retry import RetryPolicy
from ..wire import authorization, brand
from ..wire.schemes import Scheme
from ..wire.signature_types import BRAND
from ..wire.v2.request import Identity
from .clock import Clock
from .encode import Encode
from .encode_v2 import EncodeV2
from .failover import Failover
from .in_place_of import InPlaceOf
from .observe import ObserveAttempts, ObserveCalls
from .ratelimit import RateLimit
from .retry import Retry
from .seal import Seal
from .seal_v2 import SealV2
from .sign import Sign
from .sign_v2 import SignV2
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
    "SealV2",
    "Sign",
    "SignV2",
    "StandardOptions",
    "Validate",
    "Verify",
    "VerifyV2",
    "check_additions",
    "check_pipeline",
    "identity_v2",
    "standard",
]

# Without one of these a pipeline would send secrets in plain, send unsigned calls, or accept forged answers.
_NEEDED: Mapping[Scheme, tuple[type, ...]] = {
    "v3": (Seal, Encode, Verify, Sign),
    "brand": (Seal, Encode, Verify, Sign),
    "v2": (SealV2, SignV2, EncodeV2, VerifyV2),
}


class StandardOptions(Protocol):
    """The options that the standard steps need; `wechatpay_chain.client.options.Options` has them."""

    @property
    def credentials(self) -> Credentials:
        """The merchant's keys and the platform's; raises ConfigurationError if there is only a brand."""
        ...

    @property
    def merchant(self) -> Credentials | None:
        """The same; None if there is only a brand."""
        ...

    @property
    def brand(self) -> Brand | None:
        """The brand's keys and the platform's for it."""
        ...

    @property
    def workwx_secret(self) -> str | None:
        """The secret of WeCom's payment application."""
        ...

    @property
    def timeouts(self) -> Timeout:
        """The times of a call without its own."""
        ...

    @property
    def validate(self) -> bool:
        """Whether payloads are checked against the catalogue."""
        ...

    @property
    def prefer(self) -> Preference:
        """Which kind of platform key answers are to be signed with and secrets encrypted with."""
        ...

    @property
    def renewal(self) -> object | None:
        """How platform certificates are renewed; None where they aren't."""
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
        """Whether to use the platform's time where this machine's clock is off."""
        ...


def standard(options: StandardOptions) -> tuple[Middleware, ...]:
    """The steps of a client with these options, outermost first. Change the tuple and give it as `pipeline=`.

        options = Options(**arguments)
        wxpay = WeChatPay(**arguments, pipeline=(timed, *standard(options)))

    Args:
        options: of the client, `wechatpay_chain.client.options.Options`; those of one that exists are `wxpay.options`.
    """
    notify = guarded(options.observe)
    clock = PlatformClock(options.clock, corrects=options.correct_clock)
    observed = (ObserveCalls(notify),) if notify else ()
    owners = (
        *(() if options.merchant is None else (_merchant_steps(options, options.merchant, clock, observed),)),
        *(() if options.brand is None else (_brand_steps(options, options.brand, clock),)),
    )
    rate_limits = options.rate_limits
    return (
        *observed,
        *((Validate(),) if options.validate else ()),
        *chain.from_iterable(owner.encoding for owner in owners),
        Retry(options.retry, options.timeouts, notify=notify, clock=clock),
        *(
            RateLimit(who, rate_limits, options.timeouts, scheme=scheme, notify=notify, time=clock)
            for owner in owners
            for scheme, who in owner.limited.items()
            if rate_limits
        ),
        *chain.from_iterable(owner.verifying for owner in owners),
        Clock(clock, notify=notify),
        *(owner.signing for owner in owners),
    )


class _OwnerSteps(NamedTuple):
    """The steps that use the keys of one owner, a merchant or a brand.

    Attributes:
        encoding: the steps outside of Retry.
        limited: scheme -> the number that its calls are rate-limited under.
        verifying: the steps that verify answers.
        signing: the step that signs in the headers.
    """

    encoding: tuple[Middleware, ...]
    limited: Mapping[Scheme, str]
    verifying: tuple[Middleware, ...]
    signing: Sign


def _merchant_steps(
    options: StandardOptions, merchant: Credentials, clock: PlatformClock, observed: Sequence[Middleware]
) -> _OwnerSteps:
    trust = TrustStore(merchant.platform_keys, prefer=options.prefer)
    run = in_thread if merchant.algorithm == "SM2" or merchant.platform_keys.has_sm2 else None
    return _OwnerSteps(
        encoding=(
            Seal(lambda: trust.keys, merchant.private_key, renews=options.renewal is not None, run=run),
            Encode(),
            SealV2(BankKey(tuple(observed)), options.timeouts, merchant.private_key),
            SignV2(merchant.serial, merchant.signer, clock, options.timeouts),
            EncodeV2(identity_v2(options)),
        ),
        limited={"v3": merchant.mchid, "v2": merchant.mchid},
        verifying=(Verify(trust, clock, options.timeouts, run=run), VerifyV2(merchant.apiv2_key)),
        signing=Sign(merchant.authorize, merchant.signer, clock, timeouts=options.timeouts),
    )


def _brand_steps(options: StandardOptions, owner: Brand, clock: PlatformClock) -> _OwnerSteps:
    trust = TrustStore(owner.platform_keys)
    authorize = partial(authorization.write, BRAND, owner.brand_id, owner.serial)
    return _OwnerSteps(
        encoding=(Seal(lambda: trust.keys, owner.private_key, scheme="brand"), Encode("brand")),
        limited={"brand": owner.brand_id},
        verifying=(Verify(trust, clock, options.timeouts, verify=brand.verify, scheme="brand"),),
        signing=Sign(authorize, owner.signer, clock, scheme="brand", timeouts=options.timeouts),
    )


def identity_v2(options: StandardOptions) -> Identity:
    """Who calls APIv2, and with what he signs."""
    credentials = options.credentials
    return Identity(
        mchid=credentials.mchid,
        apiv2_key=credentials.apiv2_key,
        workwx_secret=options.workwx_secret,
        presents_certificate=credentials.client_tls is not None,
    )


def check_pipeline(steps: Sequence[Middleware], schemes: Sequence[Scheme]) -> None:
    """Refuse a pipeline that lacks a step which keeps calls safe, unless `InPlaceOf` replaces it on purpose.

    Args:
        steps: the pipeline.
        schemes: those of the client's calls.

    Raises:
        ConfigurationError: such a step is missing.
    """
    present = [step.replaced if isinstance(step, InPlaceOf) else step for step in steps]
    for scheme, kind in ((each, kind) for each in schemes for kind in _NEEDED[each]):
        if not any(isinstance(step, kind) for step in steps_of(scheme, present)):
            raise ConfigurationError(
                "pipeline",
                f"there is no {kind.__name__} in it",
                "Make it of standard(options), with InPlaceOf(step, ...) where a step was replaced or left out on "
                "purpose. Steps to be added go to middlewares=",
            )


def check_additions(steps: Sequence[Middleware]) -> None:
    """Refuse to add standard steps, which would do their work twice.

    Raises:
        ConfigurationError: there is a standard step among them.
    """
    for step in steps:
        if isinstance(step, tuple(chain.from_iterable(_NEEDED.values()))):
            raise ConfigurationError(
                "middlewares",
                f"the standard step {type(step).__name__} is among them",
                "They are added to the standard steps: give yours alone, or all of them as pipeline=",
            )
