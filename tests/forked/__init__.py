"""Starts the project's programs as forks of one process that has imported them: a tenth of a start's CPU time.

Each is a process of its own, with its own arguments, environment, output and end, as if it had been started by itself.
Begin with ``start.py``, what a test calls; ``server.py`` is the process that forks.
"""
