"""Unit tests of ``connector.sandbox``."""
