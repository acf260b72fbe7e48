"""The values that travel: a delivery, how far its job has come, how it ends, and the vendor and tenant it is of.

Nothing here knows where a value comes from or goes to: no broker, no database, no HTTP. Start with ``delivery``, then
``settlement``.
"""
