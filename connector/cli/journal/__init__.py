"""The commands of the access journal."""
