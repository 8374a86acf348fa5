"""Traces and metrics, as the OpenTelemetry SDK gets to see them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.faults.proxy import Fate, FaultyProxy
from tests.notifications.inbox.messages import message
from wechatpay_chain import Request, Response, WeChatPay, WeChatPayError
from wechatpay_chain.catalogue import Rate
from wechatpay_chain.contrib.opentelemetry import OpenTelemetry, OpenTelemetryInbox
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.notifications.inbox import Counts, Observer, State
from wechatpay_chain.policies.ratelimit import RateLimits
from wechatpay_chain.policies.retry import RetryPolicy


async def test_a_call_with_a_repetition(emulator: Emulator) -> None:
    """A span for the call, inside it one for each request with HTTP's names, the template as route; and durations."""

    @emulator.on("GET", "/v3/new/{id}")
    def answer(call: Any) -> dict[str, str]:
        return {"id": call.values["id"]}

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    hook = OpenTelemetry(tracers, MeterProvider([reader]))
    fates: list[Fate] = ["close after", "fine", "429"]
    async with emulator.listen() as target, FaultyProxy(target, iter(fates).__next__) as proxy:
        options: dict[str, Any] = {"base_url": proxy.base_url, "observe": hook, "retry": RetryPolicy(base=0.01)}
        async with WeChatPay(**emulator.credentials(), **options) as wxpay:
            answered = await wxpay["v3/new/{id}"].get(id="13800000000")
            with pytest.raises(WeChatPayError):
                await wxpay["v3/new/{id}"].get(id="13800000000", retry=False)
    first, second, call, *_ = exporter.get_finished_spans()
    assert first.attributes is not None
    assert second.attributes is not None
    assert call.attributes is not None
    assert call.name == first.name == "GET /v3/new/{id}"
    assert first.parent is not None
    assert call.context is not None
    assert first.parent.span_id == call.context.span_id
    assert (first.kind, first.attributes["error.type"]) == (SpanKind.CLIENT, "ConnectionFailed")
    assert second.attributes["http.request.resend_count"] == 1
    assert second.attributes["http.response.status_code"] == 200
    assert second.attributes["url.template"] == "/v3/new/{id}"
    assert second.attributes["server.address"] == "127.0.0.1"
    assert call.attributes["wechatpay.attempts"] == 2
    assert call.attributes["wechatpay.request_id"] == answered.request_id
    assert [event.name for event in call.events] == ["wechatpay.retrying"]
    refused = exporter.get_finished_spans()[-1]
    assert refused.attributes is not None
    assert refused.attributes["error.type"] == "RATELIMIT_EXCEEDED"
    assert "13800000000" not in "".join(span.to_json() for span in exporter.get_finished_spans())
    data = reader.get_metrics_data()
    assert data is not None
    text = data.to_json()
    assert "http.client.request.duration" in text
    assert "wechatpay.client.call.duration" in text


async def test_what_a_gateway_says_is_no_label(emulator: Emulator) -> None:
    """A code that isn't written as the platform's is neither a type of error nor in a span's status."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))

    async def gateway(request: Request) -> Response[Any]:
        return Response(status=400, content=b'{"code":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}', request=request)

    options: dict[str, Any] = {"observe": OpenTelemetry(tracers, MeterProvider([reader])), "transport": gateway}
    async with WeChatPay(**emulator.credentials(), **options) as wxpay:
        with pytest.raises(WeChatPayError, match="oUpF8uMuAJO"):
            await wxpay.v3.certificates.get()
    data = reader.get_metrics_data()
    assert data is not None
    told = data.to_json() + "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "BadRequest" in told
    assert "oUpF8uMuAJO" not in told


async def test_what_happens_on_the_way(emulator: Emulator) -> None:
    """Waiting, failing over and a wrong clock are events of the call's span; cancellation is its error."""

    @emulator.on("POST", "/v3/new/thing")
    def answer(call: Any) -> dict[str, str]:
        return {}

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    hook = OpenTelemetry(tracers, MeterProvider([reader]))
    async with emulator.listen() as backup:
        options: dict[str, Any] = {
            "base_url": "http://127.0.0.1:1",
            "backups": [backup],
            "observe": hook,
            "clock": lambda: time.time() - 200,
            "rate_limits": RateLimits(overrides={"POST /v3/new/thing": [Rate(n=2, per="s"), Rate(n=3, per="h")]}),
        }
        async with WeChatPay(**emulator.credentials(), **options) as wxpay:
            await wxpay["v3/new/thing"].post(json={})
            await wxpay["v3/new/thing"].post(json={})
            waiting = asyncio.create_task(wxpay["v3/new/thing"].post(json={}, timeout=7200))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    first, second, cancelled = [span for span in exporter.get_finished_spans() if span.parent is None]
    assert {event.name for event in first.events} >= {"wechatpay.failed_over", "wechatpay.clock_skewed"}
    assert [event.name for event in second.events] == ["wechatpay.waited"]
    assert second.events[0].attributes is not None
    assert isinstance(second.events[0].attributes["wechatpay.seconds"], float)
    assert cancelled.attributes is not None
    assert cancelled.attributes["error.type"] == "CancelledError"
    assert not hook._spans
    assert not hook._attempts


def test_an_inbox() -> None:
    """A span for each handling, that of a failure without its text; gauges of what is there and how old it is."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    observer: Observer = OpenTelemetryInbox(tracers, MeterProvider([reader]))
    with observer.handling(message("EV-1"), 1):
        assert trace.get_current_span().is_recording()
    with pytest.raises(KeyError), observer.handling(message("EV-2"), 2):
        raise KeyError("o-Ada")
    observer.counted(Counts({State.WAITING: 3, State.DEAD: 1}, 7.5))
    handled, failed = exporter.get_finished_spans()
    assert (handled.name, handled.kind) == ("process TRANSACTION.SUCCESS", SpanKind.CONSUMER)
    assert handled.attributes is not None
    assert failed.attributes is not None
    assert (handled.attributes["messaging.message.id"], handled.attributes["wechatpay.tries"]) == ("EV-1", 1)
    assert (failed.attributes["error.type"], failed.status.status_code) == ("KeyError", StatusCode.ERROR)
    assert "o-Ada" not in failed.to_json() + handled.to_json()
    found = reader.get_metrics_data()
    assert found is not None
    metrics = {metric.name: metric for metric in found.resource_metrics[0].scope_metrics[0].metrics}
    points = metrics["wechatpay.inbox.messages"].data.data_points
    assert {
        (point.attributes or {}).get("wechatpay.inbox.state"): getattr(point, "value", None) for point in points
    } == {
        "waiting": 3,
        "dead": 1,
    }
    (oldest,) = metrics["wechatpay.inbox.oldest"].data.data_points
    assert getattr(oldest, "value", None) == 7.5
