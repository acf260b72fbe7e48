"""The registry: which vendors and tenants exist, who may ask for whom, and each tenant's secrets.

Start with ``store``, and with ``cache`` for how a worker reads it.
"""
