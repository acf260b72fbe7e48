"""Unit tests of ``connector.storage``."""
