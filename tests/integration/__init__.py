"""Tests against a real RabbitMQ node, a real HTTP sandbox and a real worker."""
