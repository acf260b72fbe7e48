"""The contract as static pages, in French, for who reads it in a browser: an overview, and a page for each check.

Start with ``site``. The pages are whole in themselves: one style sheet within each, no script, nothing from a network. What the
schemas say of a member is English, and is marked so.
"""
