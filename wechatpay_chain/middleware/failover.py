"""Failover: sends each attempt to a host that is up. The signature doesn't cover the host, so it may change."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..errors import ConnectionFailed, TransportError
from ..http.request import Request
from ..http.response import Response
from ..observing import FailedOver, Hook, HostProbed
from ..pipeline import Handler
from ..policies.failover import Choice, Hosts
from ..policies.retry import GATEWAY, is_idempotent

# Seconds: a connection that took less and timed out is no fault of the host, but of the call's short time.
_PATIENT = 2.0


class Failover:
    """Sends each attempt to the main host, or to a backup while that is down.

    Args:
        host_of: returns scheme and host that a request is for.
        backups_of: returns the hosts that may stand in for one; none where it has no twin.
        share: the part of the repeatable calls that goes to a backup as a probe.
        notify: called when calls go to another host, and after each probe.
        monotonic: returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        host_of: Callable[[Request], str],
        backups_of: Callable[[str], Sequence[str]],
        *,
        share: float = 0.01,
        notify: Hook | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host_of = host_of
        self._backups_of = backups_of
        self._share = share
        self._notify = notify
        self._monotonic = monotonic
        # By URL. Only hosts with backups are kept, which are few: links may lead to any number of others.
        self._hosts: dict[str, Hosts] = {}

    def __call__(self, request: Request, call_next: Handler) -> Awaitable[Response[Any]]:
        """Choose a host, call on, and note whether the host answered."""
        main = self._host_of(request)
        hosts = self._hosts.get(main)
        if hosts is None:
            backups = self._backups_of(main)
            if not backups:
                return call_next(request)
            hosts = self._hosts[main] = Hosts(main, backups, share=self._share)
        return self._with_backups(request, call_next, main, hosts)

    async def _with_backups(self, request: Request, call_next: Handler, main: str, hosts: Hosts) -> Response[Any]:
        started = self._monotonic()
        choice = hosts.choose(started, idempotent=is_idempotent(request))
        try:
            response = await call_next(request if choice.host == main else request.changed(origin=choice.host))
        except TransportError as error:
            unreachable = error.outcome == "not_sent" and (
                isinstance(error, ConnectionFailed) or self._monotonic() - started >= _PATIENT
            )
            self._learn(request, hosts, choice, healthy=False, unreachable=unreachable)
            raise
        self._learn(request, hosts, choice, healthy=response.status not in GATEWAY)
        return response

    def _learn(
        self, request: Request, hosts: Hosts, choice: Choice, *, healthy: bool, unreachable: bool = False
    ) -> None:
        # Compared here and not around the call: meanwhile others may have changed the host, and told of it.
        before = hosts.current
        if healthy:
            hosts.good(choice.host)
        else:
            hosts.bad(choice.host, self._monotonic(), unreachable=unreachable)
        if self._notify is None:
            return
        if choice.probe:
            self._notify(HostProbed(call=request.call, request=request.line, host=choice.host, healthy=healthy))
        if hosts.current != before:
            self._notify(FailedOver(call=request.call, request=request.line, left=before, to=hosts.current))
