"""The commands of vendors, their reply queues and the broker's definitions."""
