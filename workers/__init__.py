"""The worker: Celery's life of a process around the connector's pipeline.

It must not know what a job asks: it takes messages, hands them to ``connector.pipeline``, and ends cleanly. Start with
``consumer``, then ``request``.
"""
