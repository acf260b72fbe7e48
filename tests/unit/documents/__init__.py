"""Unit tests of ``connector.documents``."""
