"""Unit tests of ``workers``."""
