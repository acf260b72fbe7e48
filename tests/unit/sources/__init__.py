"""Unit tests of ``connector.sources``."""
