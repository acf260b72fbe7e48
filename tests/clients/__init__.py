"""The vendors' programs of ``schemas/clients``, each in its language, through the same situations of a real broker."""
