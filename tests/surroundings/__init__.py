"""What the connector stands on, failing over: a cluster of brokers, a database, a shared state, under load."""
