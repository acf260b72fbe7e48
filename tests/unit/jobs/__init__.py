"""Unit tests of ``connector.jobs``."""
