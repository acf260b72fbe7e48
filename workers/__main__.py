"""``python -m workers`` is the console script ``ccas-connector``."""

from workers.cli import main

main()
