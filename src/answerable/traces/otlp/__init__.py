"""Traces as OpenTelemetry has them (OTLP), out and in."""
