"""Scheduled work: what ``ccas-connector beat`` does by itself, whatever jobs come.

Start with ``beat``.
"""
