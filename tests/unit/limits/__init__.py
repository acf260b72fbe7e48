"""Unit tests of ``connector.limits``."""
