"""What may be called now, and what may be in flight: quotas, whose turn it is, breakers, refusals, shares.

It knows how many and how often, and nothing of what is asked. Start with ``limiter``, ``breaker`` and ``intake``.
"""
