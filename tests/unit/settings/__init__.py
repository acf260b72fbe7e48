"""Unit tests of ``connector.settings``."""
