"""Unit tests of ``connector.checks``."""
