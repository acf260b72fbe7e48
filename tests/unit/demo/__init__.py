"""Unit tests of ``connector.demo``."""
