"""Unit tests of ``connector.tokens``."""
