"""Unit tests of ``connector.telemetry``."""
