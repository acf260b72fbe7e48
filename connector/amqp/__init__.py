"""RabbitMQ: what is declared there, what comes from it, and how a message is published.

It carries bytes and decides nothing of a job: what a message means is read in ``checks``, what it ends in is carried out in
``pipeline``. Start with ``topology``, then ``session``.
"""
