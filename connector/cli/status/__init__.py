"""``ccas-connector status``: what the support team looks at when the telephone rings."""
