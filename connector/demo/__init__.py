"""A demonstration on one machine: a private RabbitMQ node, the sandbox, a worker, two vendors."""
