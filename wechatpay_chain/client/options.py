"""The options of a client: one frozen value for both clients, `Merchants` and `from_env`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack, cast, get_args

from .._arguments import FLAG, TEXT, Takes, a_function, check, instance, is_function, one_of
from ..credentials.arguments import conceals_arguments
from ..credentials.brand import Brand, check_apart
from ..credentials.merchant import Credentials
from ..credentials.platform_keys import Preference
from ..errors import ConfigurationError
from ..http.timeout import Timeout, chosen
from ..middleware import check_additions, check_pipeline
from ..policies.ratelimit import RateLimits
from ..policies.retry import RetryPolicy
from ..wire.hosts import DEFAULT_BASE_URL, check_base_url
from ..wire.schemes import Scheme

if TYPE_CHECKING:
    from ssl import SSLContext

    from ..credentials.renewal import Renewal
    from ..credentials.signer import Signer
    from ..crypto.keys import PrivateKeySource, PublicKeySource
    from ..observing import Hook
    from ..pipeline import Handler, Middleware
    from ..transport.aiohttp import SessionSource


_NO_MERCHANT = (
    "a client of a brand alone makes calls below /brand/ only",
    "Give mchid, serial, private_key and certs of a merchant too: the brand's keys sign nothing else",
)
_NO_IDENTITY: Mapping[Scheme, tuple[str, str]] = {
    "v3": _NO_MERCHANT,
    "v2": _NO_MERCHANT,
    "brand": (
        "calls below /brand/ are signed by a brand, and the client has none",
        "Give brand=Brand(brand_id, serial, private_key, certs); the merchant's keys sign none of them",
    ),
}


class FurtherArguments(TypedDict, total=False):
    """The keyword arguments of a client after the first four; `Options` describes them."""

    apiv3_key: str | bytes | None
    apiv2_key: str | None
    merchant_cert: PublicKeySource | SSLContext | None
    brand: Brand | None
    workwx_secret: str | None
    base_url: str
    timeout: float | Timeout
    session: SessionSource | None
    transport: Handler | None
    middlewares: Sequence[Middleware]
    pipeline: Sequence[Middleware] | None
    validate: bool
    renewal: Renewal | None
    prefer: Preference
    retry: RetryPolicy
    rate_limits: RateLimits | None
    backups: Sequence[str] | None
    observe: Hook | None
    clock: Callable[[], float]
    correct_clock: bool


class Arguments(FurtherArguments, total=False):
    """All arguments of a client, none required, for `with_options` and `from_env`."""

    mchid: str | None
    serial: str | None
    private_key: PrivateKeySource | Signer | None
    certs: Mapping[str, PublicKeySource] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """The arguments of one client, checked as a whole. Its repr shows numbers and the host alone.

    Attributes:
        mchid: merchant number, digits. It, `serial` and `private_key` may be left out where there is a `brand`.
        serial: serial number of the merchant API certificate, 40 hexadecimal digits.
        private_key: its private key: a path, PEM or DER in any form, PKCS#12, a loaded key, or a `Signer`.
        certs: certificate serial or `PUB_KEY_ID_...` -> platform certificate or WeChat Pay public key, in any form.
        apiv3_key: the 32 characters that decrypt notifications and downloaded certificates.
        apiv2_key: the 32 characters that sign APIv2 calls.
        merchant_cert: the merchant API certificate, as PEM or PKCS#12, for the APIv2 operations that ask for it (mTLS);
            checked against `serial` and `private_key`. Where the key isn't here, an `ssl.SSLContext` that presents it.
        brand: the brand whose keys sign calls below `/brand/`.
        workwx_secret: the secret of WeCom's payment application, for its `workwx_sign`.
        base_url: scheme and host; a test server, a reverse proxy, or one of the platform's other hosts.
        timeout: seconds for a whole call with all its attempts, or all of its times: `Timeout(total=30, attempt=10)`.
        session: an aiohttp session of the caller's own, which stays open; or a function that makes one, such as
            `lambda: aiohttp.ClientSession(proxy="http://...")`, which the client calls in its event loop, and closes.
        transport: a `Handler` in place of the network; `base_url` and `session` are then not used.
        middlewares: steps added outside of the standard ones. They see a call before it is encrypted and signed, and
            its answer after that is verified and decrypted.
        pipeline: the steps in place of the standard ones, made of `wechatpay_chain.middleware.standard(options)`.
        validate: whether to check payloads against the catalogue before anything is sent.
        renewal: how platform certificates are downloaded and renewed; needs `apiv3_key`, and `certs` may be left out.
        prefer: which kind of key answers are to be signed with and secrets encrypted with, if `certs` has both.
        retry: how often and how soon calls are repeated; `RetryPolicy(attempts=1)` repeats none.
        rate_limits: the rates to keep to, by default the documented ones of each operation; None for no limits.
        backups: base URLs to send to while `base_url` is down; by default its official backups, () for none.
        observe: called with each event of a call; see `wechatpay_chain.observing`.
        clock: returns Unix time in seconds.
        correct_clock: whether to sign and to verify by the time in the platform's answers if this machine's clock is
            off. Setting the clock is better: with this an old answer could pass for a new one.
        merchant: the merchant's keys, loaded from the arguments above; None for a client of a brand alone.

    Raises:
        ConfigurationError: an argument is wrong; with its name, what was found, and the remedy.
    """

    mchid: str | None = None
    serial: str | None = field(default=None, repr=False)
    private_key: PrivateKeySource | Signer | None = field(default=None, repr=False)
    certs: Mapping[str, PublicKeySource] | None = field(default=None, repr=False)
    apiv3_key: str | bytes | None = field(default=None, repr=False)
    apiv2_key: str | None = field(default=None, repr=False)
    merchant_cert: PublicKeySource | SSLContext | None = field(default=None, repr=False)
    brand: Brand | None = field(default=None, repr=False)
    workwx_secret: str | None = field(default=None, repr=False)
    base_url: str = DEFAULT_BASE_URL
    timeout: float | Timeout = field(default=Timeout(), repr=False)
    session: SessionSource | None = field(default=None, repr=False)
    transport: Handler | None = field(default=None, repr=False)
    middlewares: Sequence[Middleware] = field(default=(), repr=False)
    pipeline: Sequence[Middleware] | None = field(default=None, repr=False)
    validate: bool = field(default=False, repr=False)
    renewal: Renewal | None = field(default=None, repr=False)
    prefer: Preference = field(default="public_key", repr=False)
    retry: RetryPolicy = field(default=RetryPolicy(), repr=False)
    rate_limits: RateLimits | None = field(default=RateLimits(), repr=False)
    backups: Sequence[str] | None = field(default=None, repr=False)
    observe: Hook | None = field(default=None, repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    correct_clock: bool = field(default=False, repr=False)
    merchant: Credentials | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_shared(self.arguments())
        if self.renewal is not None and self.apiv3_key is None:
            raise ConfigurationError("apiv3_key", "renewal without it", "Give it: it opens downloaded certificates")
        object.__setattr__(self, "merchant", self._load())
        if self.pipeline is not None:
            check_pipeline(self.pipeline, self.schemes)

    @property
    def credentials(self) -> Credentials:
        """The merchant's keys.

        Raises:
            ConfigurationError: these are the options of a brand alone.
        """
        if self.merchant is None:
            raise no_identity("v3")
        return self.merchant

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        """The schemes that there are keys for."""
        of_merchant: tuple[Scheme, ...] = () if self.merchant is None else ("v3", "v2")
        return of_merchant if self.brand is None else (*of_merchant, "brand")

    @property
    def timeouts(self) -> Timeout:
        """The times of a call without its own."""
        return chosen(self.timeout, Timeout())

    @conceals_arguments
    def changed(self, **arguments: Unpack[Arguments]) -> Options:
        """These options with other values for some arguments."""
        return replace(self, **arguments)

    def arguments(self) -> dict[str, Any]:
        """The arguments that these options were made of."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.init}

    def _load(self) -> Credentials | None:
        given = (self.mchid, self.serial, self.private_key)
        if self.brand is not None and given == (None, None, None):
            _check_no_merchant(self)
            return None
        for name, value in zip(("mchid", "serial", "private_key"), given, strict=True):
            if value is None:
                raise ConfigurationError(name, "it is missing", "Give it, or a brand= alone for a client of a brand")
        credentials = Credentials.load(
            cast("str", self.mchid),
            cast("str", self.serial),
            cast("PrivateKeySource | Signer", self.private_key),
            self.certs,
            apiv3_key=self.apiv3_key,
            apiv2_key=self.apiv2_key,
            merchant_cert=self.merchant_cert,
            prefer=self.prefer,
            renews=self.renewal is not None,
        )
        if self.brand is not None:
            check_apart(self.brand, credentials.platform_keys)
        return credentials

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("options hold keys and are not pickled: pickle what they were made of, if it may be kept")


Options.__init__ = conceals_arguments(Options.__init__)  # type: ignore[method-assign] # generated: no def to decorate


def _is_session(value: object) -> bool:
    from ..transport.aiohttp import ClientSession  # only where a session is given

    return isinstance(value, ClientSession) or (is_function(value) and not iscoroutinefunction(value))


def _is_renewal(value: object) -> bool:
    from ..credentials.renewal import Renewal  # only where certificates are renewed

    return isinstance(value, Renewal)


def _are_steps(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(is_function, cast("Sequence[object]", value)))


_TAKES = {
    "retry": instance(RetryPolicy, "Give RetryPolicy(attempts=1) to repeat nothing; retry=False belongs to a call"),
    "rate_limits": instance(RateLimits | None, "Give RateLimits(overrides={...}); None keeps to none"),
    "renewal": Takes(_is_renewal, "Give Renewal(cache=Path('certificates.json'))").or_none(),
    "prefer": one_of(get_args(Preference), "Give 'public_key' or 'certificate', the kind of platform key"),
    "transport": a_function(
        "Give a function that takes a request and returns its answer, such as an Emulator()"
    ).or_none(),
    "observe": a_function(
        "Give a function that takes an event, such as logged() of wechatpay_chain.observing"
    ).or_none(),
    "clock": a_function("Give a function that returns Unix time in seconds, such as time.time"),
    "brand": instance(Brand | None, "Give Brand(brand_id, serial, private_key, certs)"),
    "workwx_secret": TEXT.or_none(),
    "session": Takes(
        _is_session, "Give an aiohttp.ClientSession(), or a function that makes one: lambda: aiohttp.ClientSession()"
    ).or_none(),
    "middlewares": Takes(_are_steps, "Give a list of functions that take a request and the next step: [step]"),
    "pipeline": Takes(_are_steps, "Give a list of steps, made of standard(options)").or_none(),
    "backups": instance(list | tuple | None, "Give a list of base URLs; () has none, None the official ones"),
    "validate": FLAG,
    "correct_clock": FLAG,
}


def check_shared(given: Mapping[str, Any]) -> None:
    """Check the arguments that several merchants may share: all except keys and numbers of a merchant.

    Args:
        given: arguments of a client, by name. Those of a single merchant are skipped.

    Raises:
        ConfigurationError: one is wrong.
    """
    check(_TAKES, **given)
    chosen(given.get("timeout"), Timeout())
    check_base_url(given.get("base_url", DEFAULT_BASE_URL))
    for index, url in enumerate(given.get("backups") or ()):
        check_base_url(url, f"backups[{index}]")
    check_additions(given.get("middlewares", ()))


def no_identity(scheme: Scheme) -> ConfigurationError:
    """The error for a call whose scheme the client has no keys for; nothing was sent."""
    argument = "brand" if scheme == "brand" else "mchid"
    return ConfigurationError(argument, *_NO_IDENTITY[scheme])


def _check_no_merchant(options: Options) -> None:
    """Refuse keys of a merchant if the merchant itself is missing."""
    for name in ("certs", "apiv3_key", "apiv2_key", "merchant_cert", "workwx_secret", "renewal"):
        if getattr(options, name) is not None:
            raise ConfigurationError(
                "mchid", f"it is missing, but {name} is there", "Give it, or all of the brand's in brand=Brand(...)"
            )
