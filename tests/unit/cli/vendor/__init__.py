"""Unit tests of ``connector.cli.vendor``."""
