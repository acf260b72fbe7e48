"""Unit tests: no network, no clock but a given one."""
