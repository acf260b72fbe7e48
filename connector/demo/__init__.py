"""A whole connector on one machine, with a private RabbitMQ node: for ``make demo``, for tests, for a vendor's integrator.

Start with ``run.py``, the demonstration, or ``workbench.py``, what ``sandbox up`` runs.
"""
