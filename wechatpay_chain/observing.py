"""What happens to calls, as events that are passed to a hook: `WeChatPay(..., observe=hook)`.

    CallStarted         a call begins
      Waited            it waited for its turn under a rate limit
      AttemptStarted    it is handed to the transport
      AttemptEnded      an answer came, or none
      Retrying          it will be repeated
      FailedOver        it goes to another host than the attempts before
      HostProbed        it went to a host only to find out whether that works
    CallEnded           its answer, or its error, is handed out
    CertificatesChanged, ClockSkewed, LimiterDegraded

Events hold no keys, signatures, values of a path or parts of a body, and neither do the lines that `logged` writes.
The `error` of an event is the error that the call raises. Its text may quote what was sent or received; `error.brief`
doesn't.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import field, fields

from .errors import RequestLine, WeChatPayError, printable
from .http.value import Value, value

_log = logging.getLogger(__name__)


@value
class Event(Value):
    """The root of all events.

    Attributes:
        call: numbers the calls of a process, downloads included; None for an event of no single call.
        request: method and path template; None for an event of no single call.
    """

    call: int | None = None
    request: RequestLine | None = None


@value
class CallStarted(Event):
    """A call begins."""


@value
class CallEnded(Event):
    """A call's answer or error is handed out. A cancelled call ends with neither status nor error.

    Attributes:
        seconds: from beginning to end, with pauses and waiting.
        status: HTTP status; None where no answer is handed out.
        request_id: the platform's `Request-ID`.
        attempts: how many times the request was handed to the transport.
        error: what the call raises; None for a success.
    """

    seconds: float
    status: int | None = None
    request_id: str | None = None
    attempts: int = 0
    error: WeChatPayError | None = field(default=None, repr=False)


@value
class AttemptStarted(Event):
    """A request is handed to the transport.

    Attributes:
        attempt: numbers the attempts of a call, from 1.
        host: scheme and host, and a port where it isn't the usual one.
    """

    attempt: int
    host: str


@value
class AttemptEnded(Event):
    """The transport answered, or failed.

    Attributes:
        attempt: numbers the attempts of a call, from 1.
        host: scheme and host, and a port where it isn't the usual one.
        seconds: how long the attempt took.
        status: HTTP status; None where no answer came.
        request_id: the platform's `Request-ID`.
        error: why no answer came; None where one came, whatever its status.
    """

    attempt: int
    host: str
    seconds: float
    status: int | None = None
    request_id: str | None = None
    error: WeChatPayError | None = field(default=None, repr=False)


@value
class Retrying(Event):
    """A call will be repeated.

    Attributes:
        attempt: the number of the attempt that comes.
        pause: seconds until then.
        error: what the attempt before ended with.
    """

    attempt: int
    pause: float
    error: WeChatPayError = field(repr=False)


@value
class Waited(Event):
    """A call waited for its turn under a rate limit.

    Attributes:
        seconds: how long.
    """

    seconds: float


@value
class FailedOver(Event):
    """Calls go to another host from now on.

    Attributes:
        left: the host that they went to so far.
        to: the host that they go to.
    """

    left: str
    to: str


@value
class HostProbed(Event):
    """A call went to a host only to find out whether that works.

    Attributes:
        host: that host.
        healthy: whether it answered.
    """

    host: str
    healthy: bool


@value
class ClockSkewed(Event):
    """The difference between this machine's clock and the platform's has changed.

    Attributes:
        seconds: how far the platform's clock is ahead of this machine's; negative where it is behind.
        corrected: whether requests are signed and answers checked by the platform's time from now on.
    """

    seconds: float
    corrected: bool


@value
class CertificatesChanged(Event):
    """The set of platform keys that answers are verified with has changed.

    Attributes:
        serials: the names of all keys.
        preferred: the name of the key that secrets are encrypted with.
    """

    serials: tuple[str, ...]
    preferred: str | None


@value
class LimiterDegraded(Event):
    """The store of the shared rate limits can't be reached; until it can, this process keeps to its own share.

    Attributes:
        reason: what went wrong.
    """

    reason: str


Hook = Callable[[Event], None]
"""Called with each event in the event loop, so it must be quick. What it raises is logged and not passed on."""


def guarded(hook: Hook | None) -> Hook | None:
    """A hook whose errors are logged, so that they can't harm a call; None for no hook."""
    if hook is None:
        return None

    def notify(event: Event) -> None:
        try:
            hook(event)
        except Exception:  # noqa: BLE001 - a payment that was made must not be lost to a mistake of who looks on
            _log.exception("the observe hook failed with %s", type(event).__name__)

    return notify


def logged(logger: logging.Logger | None = None) -> Hook:
    """A hook that writes a line for each event: `WeChatPay(..., observe=logged())`.

    Ends of calls are at INFO, those with an error and whatever else is out of the ordinary at WARNING, all others at
    DEBUG. A line holds method, template, host, status, `Request-ID`, numbers and the kind of an error, never a payload.

    Args:
        logger: where to write; `wechatpay_chain` by default.
    """
    log = logging.getLogger("wechatpay_chain") if logger is None else logger

    def write(event: Event) -> None:
        level = _level(event)
        if log.isEnabledFor(level):
            log.log(level, "%s", describe(event), extra={"wechatpay_event": event})

    return write


def describe(event: Event) -> str:
    """An event as a line of text."""
    parts = [type(event).__name__, f"#{event.call}" if event.call else "", str(event.request or "")]
    for item in fields(event):
        value = getattr(event, item.name)
        if item.name not in {"call", "request"} and value is not None:
            parts.append(f"{item.name}={_told(value)}")
    return printable(" ".join(filter(None, parts)))


def _told(value: object) -> object:
    if isinstance(value, WeChatPayError):
        return value.brief
    return round(value, 3) if isinstance(value, float) else value


def _level(event: Event) -> int:
    if isinstance(event, CallEnded):
        return logging.INFO if event.error is None else logging.WARNING
    if isinstance(event, Retrying | FailedOver | ClockSkewed | LimiterDegraded | CertificatesChanged):
        return logging.WARNING
    return logging.DEBUG
