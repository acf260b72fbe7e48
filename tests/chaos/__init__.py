"""Chaos: parts are killed, cut and starved under load, and every message is accounted for afterwards."""
