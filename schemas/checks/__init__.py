"""Per check, the parameters that a vendor sends and the data that a reply carries."""
