"""Every official case, as a message of a vendor."""
