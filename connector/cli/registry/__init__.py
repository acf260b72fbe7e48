"""The commands of the registry's database and keys."""
