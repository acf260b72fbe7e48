"""What is told of the connector while it runs, without a word of the people whom jobs are about."""
