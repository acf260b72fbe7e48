"""Unit tests of ``connector.pipeline``."""
