"""The commands of a vendor's integrator, who speaks to the broker as the vendor itself, with no registry and no key.

``vendors`` beside it is the operator's. What decides is pure (``jobs_file``, ``csv_columns``, ``outcome``, ``ledger``,
``report``); ``exchange`` alone speaks AMQP. Start with ``commands``.
"""
