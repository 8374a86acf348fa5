"""Which of several hosts to send a call to, by the outcome of earlier calls.

https://pay.weixin.qq.com/doc/v3/merchant/4012081709 (main and backup host)

The plan is the platform's own: at most 1 % of the calls probe the backup; while the main host is down, all calls go to
the backup; when it has recovered, they come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from .backoff import Backoff

# After so many failures of sent calls in a row a host counts as down; after one failed connection at once.
_MOST_FAILURES = 3
# Seconds for which a host that is down is left alone; doubled by each failed probe.
_LEFT_ALONE = Backoff(5.0, 30.0, jitter=0)
# Seconds of an outage after which also calls that may not be repeated probe the main host, as there may be no others.
_FORCED = 180.0
# Seconds after which a probe without a result is given up.
_PROBE = 30.0


class Choice(NamedTuple):
    """Where to send a call, and whether that is a probe, to find out whether the host works."""

    host: str
    probe: bool = False


class _Host:
    __slots__ = ("down_since", "failures", "name", "probed", "setbacks", "until")

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures = 0
        self.setbacks = 0
        self.until = -inf
        self.down_since: float | None = None
        self.probed = -inf


class Hosts:
    """A main host and its backups.

    Args:
        main: the host that calls go to while it is up.
        backups: the hosts that they go to while it is down; the first that is up.
        share: the part of the repeatable calls that goes to the next backup, to know whether it works; 0 for none.
    """

    def __init__(self, main: str, backups: Sequence[str], *, share: float = 0.01) -> None:
        self._hosts = [_Host(name) for name in (main, *backups)]
        self._by_name = {host.name: host for host in self._hosts}
        self._every = round(1 / share) if share else 0
        self._count = 0

    @property
    def current(self) -> str:
        """The host that calls go to at the moment, apart from probes."""
        return self._current().name

    def choose(self, now: float, *, idempotent: bool) -> Choice:
        """The host for a call.

        Args:
            now: seconds of a clock that never goes back, as in the other methods.
            idempotent: whether the call may be repeated after it may have arrived, so that it can serve as a probe.
        """
        current = self._current()
        for host in self._hosts:
            if host is current:
                break
            if self._may_probe(host, now, idempotent=idempotent):
                host.probed = now
                return Choice(host.name, probe=True)
        if idempotent and self._every and current is self._hosts[0]:
            self._count += 1
            if self._count >= self._every:
                self._count = 0
                standby = next((host for host in self._hosts[1:] if host.until <= now), None)
                if standby is not None:
                    return Choice(standby.name, probe=True)
        return Choice(current.name)

    def good(self, name: str) -> None:
        """A host answered."""
        host = self._by_name[name]
        host.failures, host.setbacks, host.until, host.down_since = 0, 0, -inf, None

    def bad(self, name: str, now: float, *, unreachable: bool) -> None:
        """A host didn't answer, or only a gateway in front of it.

        Args:
            name: the host.
            now: when the failure was known.
            unreachable: whether no connection could be made.
        """
        host = self._by_name[name]
        host.failures += 1
        if unreachable or host.failures >= _MOST_FAILURES:
            if now >= host.until:  # calls that failed together count once
                host.setbacks += 1
                host.until = now + _LEFT_ALONE.pause(host.setbacks)
            if host.down_since is None or now >= host.down_since + _FORCED:
                host.down_since = now
        host.probed = -inf

    def _current(self) -> _Host:
        for host in self._hosts:
            if host.down_since is None:
                return host
        return min(self._hosts, key=lambda host: host.until)

    def _may_probe(self, host: _Host, now: float, *, idempotent: bool) -> bool:
        if host.until > now or host.probed > now - _PROBE:
            return False
        return idempotent or (host.down_since is not None and now >= host.down_since + _FORCED)
