"""Unit tests of ``connector.amqp``."""
