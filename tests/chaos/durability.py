"""What a RabbitMQ node must have written before it may be killed."""

from connector.demo.node import RabbitNode


def sync_declarations(node: RabbitNode) -> None:
    """Have the node write which quorum queues it has, as it does by itself within a second. Raises ``NodeError``.

    RabbitMQ 3.10 acknowledges a declaration before that: a node killed in between starts the queue as a new
    one, which elects no leader and takes no message until an operator triggers its election
    (https://github.com/rabbitmq/rabbitmq-server/issues/15725). That is no scenario of the connector's.
    """
    node.evaluate("[ok = dets:sync(Table) || Table <- dets:all()]")
