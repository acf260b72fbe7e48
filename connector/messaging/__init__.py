"""RabbitMQ: what is declared there, what comes from it, and how an answer is published."""
