"""The commands of tenants and their tokens."""
