"""Traces and metrics for OpenTelemetry: `pip install 'wechatpay-chain[otel]'`.

wxpay = WeChatPay(..., observe=OpenTelemetry())

A call is a span `METHOD /template`, and each request that was sent for it a span of HTTP's conventions inside.

Worker(inbox, webhook, observer=OpenTelemetryInbox())

Each handling of a stored notification is a span; gauges show how many there are in the inbox, and the oldest's age.
https://opentelemetry.io/docs/specs/semconv/http/http-spans/
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import fields
from urllib.parse import urlsplit

from .._extras import extra
from .._version import __version__
from ..errors import APIError, WeChatPayError, loggable_code
from ..notifications.inbox import Counts, Message
from ..observing import AttemptEnded, AttemptStarted, CallEnded, CallStarted, Event

with extra("otel"):
    from opentelemetry import trace
    from opentelemetry.metrics import MeterProvider, get_meter
    from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider

_NAME = "wechatpay_chain"
# As the conventions advise for http.client.request.duration.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class OpenTelemetry:
    """An observe hook that makes spans and measures durations.

    Args:
        tracer_provider: where spans go; the global one by default.
        meter_provider: where metrics go; the global one by default.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = get_meter(_NAME, __version__, meter_provider)
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._calls = meter.create_histogram(
            "wechatpay.client.call.duration",
            "s",
            "Duration of calls, with all their attempts, pauses and waiting.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._spans: dict[int, Span] = {}
        self._attempts: dict[tuple[int | None, int], Span] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, CallStarted):
            self._call_started(event)
        elif isinstance(event, CallEnded):
            self._call_ended(event)
        elif isinstance(event, AttemptEnded):
            self._attempt_ended(event)
        elif isinstance(event, AttemptStarted):
            self._attempt_started(event)
        elif event.call in self._spans:
            self._spans[event.call].add_event(_event_name(event), _members(event))

    def _call_started(self, event: CallStarted) -> None:
        if event.call is not None:
            attributes = {"http.request.method": _method(event), "url.template": _template(event)}
            self._spans[event.call] = self._tracer.start_span(str(event.request), attributes=attributes)

    def _call_ended(self, event: CallEnded) -> None:
        attributes: dict[str, str | int] = {"http.request.method": _method(event), "url.template": _template(event)}
        if event.error is not None or event.status is None:
            attributes["error.type"] = _error_type(event.error)
        self._calls.record(event.seconds, attributes)
        span = self._spans.pop(event.call, None) if event.call is not None else None
        if span is None:
            return
        span.set_attributes(attributes)
        span.set_attribute("wechatpay.attempts", event.attempts)
        if event.request_id:
            span.set_attribute("wechatpay.request_id", event.request_id)
        if event.error is not None:
            if event.error.outcome is not None:
                span.set_attribute("wechatpay.outcome", event.error.outcome)
            span.set_status(StatusCode.ERROR, event.error.brief)
        span.end()

    def _attempt_started(self, event: AttemptStarted) -> None:
        parent = self._spans.get(event.call) if event.call is not None else None
        attributes = _of_request(event)
        if event.attempt > 1:
            attributes["http.request.resend_count"] = event.attempt - 1
        self._attempts[event.call, event.attempt] = self._tracer.start_span(
            f"{_method(event)} {_template(event)}",
            context=trace.set_span_in_context(parent) if parent is not None else None,
            kind=SpanKind.CLIENT,
            attributes=attributes,
        )

    def _attempt_ended(self, event: AttemptEnded) -> None:
        attributes = _of_request(event)
        failed = ""
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
            failed = str(event.status) if event.status >= 400 else ""
        else:
            failed = _error_type(event.error)
        if failed:
            attributes["error.type"] = failed
        self._requests.record(event.seconds, attributes)
        span = self._attempts.pop((event.call, event.attempt), None)
        if span is None:
            return
        span.set_attributes(attributes)
        if event.request_id:
            span.set_attribute("http.response.header.request-id", (event.request_id,))
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end()


class OpenTelemetryInbox:
    """The observer of an inbox's worker: makes a span for each handling, and gauges of the inbox.

    https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/

    Args:
        tracer_provider: where spans go; the global one by default.
        meter_provider: where metrics go; the global one by default.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = get_meter(_NAME, __version__, meter_provider)
        self._messages = meter.create_gauge(
            "wechatpay.inbox.messages", "{message}", "Notifications in the inbox, by state."
        )
        self._oldest = meter.create_gauge(
            "wechatpay.inbox.oldest", "s", "Age of the oldest notification that isn't handled yet."
        )

    @contextmanager
    def handling(self, message: Message, tries: int) -> Generator[None]:
        """Make a span for the block. It doesn't hold an error's text, which may contain personal data."""
        attributes: dict[str, str | int] = {
            "messaging.system": "wechatpay",
            "messaging.operation.type": "process",
            "messaging.message.id": message.id,
            "wechatpay.event_type": message.event_type,
            "wechatpay.tries": tries,
        }
        with self._tracer.start_as_current_span(
            f"process {message.event_type}",
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise

    def counted(self, counts: Counts) -> None:
        """Set the gauges."""
        for state, number in counts.by_state.items():
            self._messages.set(number, {"wechatpay.inbox.state": state.value})
        self._oldest.set(counts.oldest)


def _of_request(event: AttemptStarted | AttemptEnded) -> dict[str, str | int]:
    parts = urlsplit(event.host)
    return {
        "http.request.method": _method(event),
        "url.template": _template(event),
        "url.scheme": parts.scheme,
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
    }


def _event_name(event: Event) -> str:
    return "wechatpay." + re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _members(event: Event) -> dict[str, str | int | float]:
    members: dict[str, str | int | float] = {}
    for member in fields(event):
        value = getattr(event, member.name)
        if isinstance(value, WeChatPayError):
            members["error.type"] = _error_type(value)
        elif isinstance(value, str | int | float):
            members[f"wechatpay.{member.name}"] = value
    return members


def _method(event: Event) -> str:
    return event.request.method if event.request is not None else ""


def _template(event: Event) -> str:
    return event.request.template if event.request is not None else ""


def _error_type(error: WeChatPayError | None) -> str:
    if error is None:
        return "CancelledError"  # a call without an answer or an error was cancelled
    return (loggable_code(error.code) if isinstance(error, APIError) else "") or type(error).__name__
