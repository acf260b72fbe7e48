"""The access journal: one record for every call made with a CCAS's credentials.

Start with ``journal``, then ``access_journal``.
"""
