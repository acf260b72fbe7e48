"""The composition root: what builds the adapters of each program. Nothing else does, and nothing is connected at import.

Each module has what one program needs, so that a command loads no more than it uses. Start with ``worker``.
"""
