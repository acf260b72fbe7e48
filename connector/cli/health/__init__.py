"""``ccas-connector health``: what is looked at (``looks``), and what it means (``findings``, pure)."""
