"""What worker processes share: small values in memory for one process, in Redis or Valkey for several.

Start with ``state``.
"""
