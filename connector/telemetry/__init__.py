"""What the connector tells of itself, and never of a person."""
