"""Errors that an operator can mend."""


class OperatorError(Exception):
    """Something outside the code is missing or wrong; the message, on one line, says what to do."""
