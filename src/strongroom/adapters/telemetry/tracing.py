"""OpenTelemetry, switched on by its own standard variables and not loaded otherwise: without them nothing is sent."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

App = Callable[..., Awaitable[None]]

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the operator named where traces go, and did not switch the whole off (``OTEL_SDK_DISABLED``)."""
    disabled = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = environment.get("OTEL_TRACES_EXPORTER", "").lower() == "none"
    return not disabled and not none and any(environment.get(name) for name in _ENDPOINTS)


def traced(app: App, version: str) -> App:
    """The application with a span for every request when `wanted`, else the application itself.

    Spans name method and operation; addresses are kept without their query.
    """
    if not wanted():
        return app
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": os.environ.get("OTEL_SERVICE_NAME", "strongroom"), "service.version": version}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    def without_query(span: trace.Span, scope: dict[str, Any]) -> None:
        for name in ("http.url", "http.target", "url.full", "url.query"):
            span.set_attribute(name, scope.get("path", ""))

    return OpenTelemetryMiddleware(app, server_request_hook=without_query, exclude_spans=["receive", "send"])
