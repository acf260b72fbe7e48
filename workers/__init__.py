"""The worker: Celery's life of a process around the connector's pipeline."""
