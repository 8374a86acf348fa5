"""The steps of a call, each a middleware of its own; `standard(options)` lists those of a client, outermost first.

    Seal       plain secrets become ciphertext, encrypted fields of the answer are decrypted
    Encode     the payload becomes bytes, exactly once
    Retry      the loop over attempts, bounded by one deadline; what follows runs once per attempt
    RateLimit  waits for a turn
    Verify     refuses an answer that the platform didn't sign
    Clock      measures how far the platform's clock is from this machine's
    Sign       fresh timestamp and nonce, Authorization

Each scheme has an onion of its own; a step that is for one scheme names it (`step.scheme`), and a step of all schemes
names none. A brand has the same steps as a merchant of APIv3, with its own keys; so has a merchant whose key is of SM2.
A call of APIv2 passes others:

    SealV2     secrets are encrypted with the key for bank cards
    SignV2     the signature by the merchant's certificate, where an operation asks for one
    EncodeV2   the parameters are completed, signed and written, exactly once
    VerifyV2   refuses an answer whose `sign` doesn't fit

ObserveCalls and Validate stand before them where the options ask for them. Beneath all of them, where requests of
every kind pass, the client puts Failover and ObserveAttempts.
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

# A pipeline without one of these would send secrets in plain, send unsigned calls, or believe anyone.
_NEEDED: Mapping[Scheme, tuple[type, ...]] = {
    "v3": (Seal, Encode, Verify, Sign),
    "brand": (Seal, Encode, Verify, Sign),
    "v2": (SealV2, SignV2, EncodeV2, VerifyV2),
}


class StandardOptions(Protocol):
    """What the standard steps take of a client's options; `wechatpay_chain.client.options.Options` has it."""

    @property
    def credentials(self) -> Credentials:
        """The merchant's keys and the platform's; raises ConfigurationError for a brand alone."""
        ...

    @property
    def merchant(self) -> Credentials | None:
        """The same; None for a brand alone."""
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
        """Whether to go by the platform's time where this machine's clock is off."""
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
    sides = (
        *(() if options.merchant is None else (_of_merchant(options, options.merchant, clock, observed),)),
        *(() if options.brand is None else (_of_brand(options, options.brand, clock),)),
    )
    rate_limits = options.rate_limits
    return (
        *observed,
        *((Validate(),) if options.validate else ()),
        *chain.from_iterable(side.encoding for side in sides),
        Retry(options.retry, options.timeouts, notify=notify, clock=clock),
        *(
            RateLimit(who, rate_limits, options.timeouts, scheme=scheme, notify=notify, time=clock)
            for side in sides
            for scheme, who in side.limited.items()
            if rate_limits
        ),
        *chain.from_iterable(side.verifying for side in sides),
        Clock(clock, notify=notify),
        *(side.signing for side in sides),
    )


class _Side(NamedTuple):
    """The steps that are made with one owner's keys.

    Attributes:
        encoding: those outside of Retry.
        limited: who is limited, by scheme.
        verifying: those that verify answers.
        signing: the one that signs in the headers.
    """

    encoding: tuple[Middleware, ...]
    limited: Mapping[Scheme, str]
    verifying: tuple[Middleware, ...]
    signing: Sign


def _of_merchant(
    options: StandardOptions, merchant: Credentials, clock: PlatformClock, observed: Sequence[Middleware]
) -> _Side:
    trust = TrustStore(merchant.platform_keys, prefer=options.prefer)
    run = in_thread if merchant.algorithm == "SM2" or merchant.platform_keys.has_sm2 else None
    return _Side(
        encoding=(
            Seal(lambda: trust.keys, merchant.private_key, renews=options.renewal is not None, run=run),
            Encode(),
            SealV2(BankKey(tuple(observed)), options.timeouts, merchant.private_key),
            SignV2(merchant.serial, merchant.signer, clock),
            EncodeV2(identity_v2(options)),
        ),
        limited={"v3": merchant.mchid, "v2": merchant.mchid},
        verifying=(Verify(trust, clock, options.timeouts, run=run), VerifyV2(merchant.apiv2_key)),
        signing=Sign(merchant.authorize, merchant.signer, clock),
    )


def _of_brand(options: StandardOptions, owner: Brand, clock: PlatformClock) -> _Side:
    trust = TrustStore(owner.platform_keys)
    authorize = partial(authorization.write, BRAND, owner.brand_id, owner.serial)
    return _Side(
        encoding=(Seal(lambda: trust.keys, owner.private_key, scheme="brand"), Encode("brand")),
        limited={"brand": owner.brand_id},
        verifying=(Verify(trust, clock, options.timeouts, verify=brand.verify, scheme="brand"),),
        signing=Sign(authorize, owner.signer, clock, scheme="brand"),
    )


def identity_v2(options: StandardOptions) -> Identity:
    """The caller of APIv2, and the keys that sign."""
    credentials = options.credentials
    return Identity(
        mchid=credentials.mchid,
        apiv2_key=credentials.apiv2_key,
        workwx_secret=options.workwx_secret,
        presents_certificate=credentials.client_tls is not None,
    )


def check_pipeline(steps: Sequence[Middleware], schemes: Sequence[Scheme]) -> None:
    """Refuse a pipeline without a step that keeps calls safe, unless an `InPlaceOf` says that it is meant so.

    Args:
        steps: the pipeline.
        schemes: those whose calls it takes.

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
    """Refuse standard steps as additions, which would do their work twice.

    Raises:
        ConfigurationError: there is one among them.
    """
    for step in steps:
        if isinstance(step, tuple(chain.from_iterable(_NEEDED.values()))):
            raise ConfigurationError(
                "middlewares",
                f"the standard step {type(step).__name__} is among them",
                "They are added to the standard steps: give yours alone, or all of them as pipeline=",
            )
