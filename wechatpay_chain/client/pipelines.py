"""The pipelines of a client, made from its options in one place.

    call       for every call: the caller's own steps, then the standard ones
    fetch      for a file from a foreign host: without a step that signs, so that no signature can reach that host
    download   for the platform's certificates, if they are renewed: signed; `CertificateDownload` verifies the answer

All three end with `below`: Failover and ObserveAttempts around the transport.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..catalogue.hints import warn_deprecated
from ..catalogue.lookup import looked_up
from ..credentials.platform_keys import PlatformKeys
from ..credentials.trust_store import TrustStore
from ..http.path import without_needless_escapes
from ..http.request import Request
from ..http.response import Response
from ..http.value import frozen
from ..middleware import (
    Clock,
    Encode,
    Failover,
    InPlaceOf,
    ObserveAttempts,
    ObserveCalls,
    Retry,
    Sign,
    Verify,
    standard,
)
from ..observing import Hook, guarded
from ..pipeline import Handler, Middleware, compose, counted, foreign_step, is_foreign, steps_of
from ..policies.clock import PlatformClock
from ..transport.aiohttp import AiohttpTransport
from ..wire.hosts import check_base_url, is_overseas, twins
from ..wire.schemes import Scheme, check_root, scheme_of
from .options import Options, no_identity

if TYPE_CHECKING:
    from ..credentials.renewer import Renewer


@frozen(kw_only=True)
class Pipelines:
    """The pipelines of a client, and what their steps share.

    Attributes:
        network: the connections; unused if the options have a transport.
        call: handles a call.
        fetch: handles a request to a foreign host.
        trust: the platform keys that Seal and Verify use.
        clock: the clock that Sign and Verify use.
        renewer: renews `trust`; None without `renewal`.
    """

    network: AiohttpTransport
    call: Handler
    fetch: Handler
    trust: TrustStore
    clock: PlatformClock
    renewer: Renewer | None


def build(options: Options) -> Pipelines:
    """The pipelines of a client."""
    merchant, notify = options.merchant, guarded(options.observe)
    client_tls = None if merchant is None else merchant.client_tls
    network = AiohttpTransport(
        options.base_url, timeout=options.timeouts, session=options.session, client_tls=client_tls
    )
    transport = network if options.transport is None else counted(options.transport)
    handler = compose(_below(options, network, notify), transport)
    steps = standard(options) if options.pipeline is None else options.pipeline
    trust, clock = _shared(steps, options)
    observed = (ObserveCalls(notify),) if notify else ()
    again = Retry(options.retry, options.timeouts, notify=notify, clock=clock)
    renewer: Renewer | None = None
    if options.renewal is not None and merchant is not None and merchant.apiv3_key is not None:
        from ..credentials.certificate_download import MAINLAND, OVERSEAS
        from ..credentials.renewer import Renewer

        sign = Sign(merchant.authorize, merchant.signer, clock, timeouts=options.timeouts)
        download = compose((*observed, Encode(), again, sign), handler)
        path = OVERSEAS if is_overseas(options.base_url) else MAINLAND
        renewer = Renewer(trust, options.renewal, download, merchant.apiv3_key, clock, notify, path)
    return Pipelines(
        network=network,
        call=compose([foreign_step(step) for step in options.middlewares], _entrance(steps, handler, options.schemes)),
        fetch=compose((*observed, again), handler),
        trust=trust,
        clock=clock,
        renewer=renewer,
    )


def _entrance(steps: Sequence[Middleware], handler: Handler, schemes: Sequence[Scheme]) -> Handler:
    """The first handler of the standard steps: it looks up the operation of a call and chooses its scheme, once."""
    onions = {
        scheme: compose([foreign_step(step) if is_foreign(step) else step for step in steps_of(scheme, steps)], handler)
        for scheme in schemes
    }

    def enter(request: Request) -> Awaitable[Response[Any]]:
        template, path = request.template, request.path
        scheme = scheme_of(template)
        onion = onions.get(scheme)
        if onion is None:
            raise no_identity(scheme)
        if path != template or "%" in path:
            check_root(without_needless_escapes(path), scheme)
        request = looked_up(request)
        operation = request.operation
        if operation is not None and operation.deprecated:
            warn_deprecated(operation)
        return onion(request)

    return enter


def _below(options: Options, network: AiohttpTransport, notify: Hook | None) -> tuple[Middleware, ...]:
    """The steps that all requests pass."""
    host_of = network.base_url_of
    given = options.backups
    if given is None and options.transport is not None:
        given = ()
    if given is not None:
        given = tuple(check_base_url(url, f"backups[{index}]") for index, url in enumerate(given))
    backups_of = partial(_backups, main=options.base_url.rstrip("/"), given=given)
    failover = () if given == () else (Failover(host_of, backups_of, notify=notify),)
    return (*failover, ObserveAttempts(notify, host_of)) if notify else failover


def _backups(host: str, *, main: str, given: Sequence[str] | None) -> Sequence[str]:
    return twins(host) if given is None or host != main else given


def _shared(steps: Sequence[Middleware], options: Options) -> tuple[TrustStore, PlatformClock]:
    """The keys and the clock that a pipeline's steps use, for renewal and for reports."""
    known = [step.replaced if isinstance(step, InPlaceOf) else step for step in steps]
    trusts = {step.scheme: step.trust for step in known if isinstance(step, Verify)}
    clocks = (step.clock for step in known if isinstance(step, Clock))
    return (
        trusts.get("v3" if "v3" in options.schemes else "brand") or _unused(options),
        next(clocks, None) or PlatformClock(options.clock, corrects=options.correct_clock),
    )


def _unused(options: Options) -> TrustStore:
    """The keys for a pipeline of the caller's own in which no step uses them."""
    platform_keys = options.merchant.platform_keys if options.merchant is not None else PlatformKeys(())
    return TrustStore(platform_keys, prefer=options.prefer)
