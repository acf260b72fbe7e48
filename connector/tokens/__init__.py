"""A token's life: whether it serves, its rotation, and the work that is done on a schedule.

Nothing here runs while a job is answered. Start with ``check``.
"""
