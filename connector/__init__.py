"""The connector: from a vendor's job to its reply, with the token of the CCAS concerned."""
