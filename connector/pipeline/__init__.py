"""The pipeline: from a delivery to a reply, one step after the other; the only place that acts on a job.

What is decided is decided in ``checks``; here it is carried out. Start with ``run_job``, then ``run_check``, ``gate``,
``call``, ``heed`` and ``settle``.
"""
