"""Unit tests of ``connector.catalogue``."""
