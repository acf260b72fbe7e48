"""Scheduled work: what ``ccas-connector beat`` does by itself, whatever jobs come."""
