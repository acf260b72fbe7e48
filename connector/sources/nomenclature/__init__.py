"""The nomenclature of API Particulier's errors: as it is known here, as the API publishes it, and where they differ.

Start with ``table``.
"""
