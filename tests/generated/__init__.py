"""Classes that generators make of the published schemas, compiled, and read with every kind of message.

``corpus`` has the messages, ``python`` the pydantic classes; ``make schemas-generate`` runs ``__main__``.
"""
