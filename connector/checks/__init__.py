"""From a job to planned calls, and from an answer to a reply: every decision of the contract, as pure functions.

Nothing here waits, calls, publishes or reads a clock: the instant is an argument. Start with ``admission``, ``plan`` and
``decide``.
"""
