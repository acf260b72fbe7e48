"""Quotas: how many calls a token and an address may make, and whose turn it is while there are more."""
