"""What the connector tells of itself, in logs, metrics and Sentry, and never of a person.

Nothing here decides anything of a job. Start with ``vocabulary``: what may leave.
"""
