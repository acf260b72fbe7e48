"""Private servers of the suite beside RabbitMQ: PostgreSQL and Redis, and how they come to this machine."""
