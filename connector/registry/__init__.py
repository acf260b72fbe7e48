"""The registry: which vendors and tenants exist, who may ask for whom, and each tenant's tokens."""
