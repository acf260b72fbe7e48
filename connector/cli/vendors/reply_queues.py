"""``ccas-connector vendors reply-queue``: where else than on its default queue a vendor may be answered."""

import click

from connector.cli.options import DRY_RUN, end_of_line, failing_cleanly, settings_or_exit


@click.group("reply-queue")
def reply_queue() -> None:
    """Add, remove and list a vendor's further reply queues, replies.<vendor>.<name>.

    A job names one in its reply_to; another queue than these is forbidden_reply_to.
    """


@reply_queue.command()
@click.argument("vendor")
@click.argument("name")
@DRY_RUN
def add(vendor: str, name: str, dry_run: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Let the jobs of VENDOR be answered on replies.VENDOR.NAME.

    A worker that may declare queues declares it within two seconds; else it comes with the file of: ccas-connector
    vendors definitions

    Example: ccas-connector vendors reply-queue add millesime campagnes
    """
    from connector.amqp import topology
    from connector.bootstrap.registry import open_registry
    from connector.storage.registry.vendors import with_reply_queue

    settings = settings_or_exit()
    with failing_cleanly():
        store = open_registry(settings)
        changed = with_reply_queue(store.load(), vendor, name)
        if changed is not None and not dry_run:
            store.save([changed], [])
    what = "unchanged" if changed is None else "added"
    click.echo(f"{what}  {topology.reply_queue(vendor, name)}{end_of_line(dry_run=dry_run)}")


@reply_queue.command()
@click.argument("vendor")
@click.argument("name")
@DRY_RUN
def remove(vendor: str, name: str, dry_run: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Have jobs of VENDOR that name replies.VENDOR.NAME be refused from now on.

    The queue stays on the broker with the replies that it holds, which its vendor can still read.

    Example: ccas-connector vendors reply-queue remove millesime campagnes
    """
    from connector.amqp import topology
    from connector.bootstrap.registry import open_registry
    from connector.storage.registry.vendors import without_reply_queue

    settings = settings_or_exit()
    with failing_cleanly():
        store = open_registry(settings)
        changed = without_reply_queue(store.load(), vendor, name)
        if not dry_run:
            store.save([changed], [])
    queue = topology.reply_queue(vendor, name)
    click.echo(f"removed  {queue}{end_of_line(dry_run=dry_run)}")
    if not dry_run:
        click.echo(f"Once it is empty: rabbitmqctl delete_queue --if-empty {queue}")


@reply_queue.command("list")
@click.argument("vendor")
def list_queues(vendor: str) -> None:
    """List the reply queues of VENDOR, one a line: the default one first.

    Example: ccas-connector vendors reply-queue list millesime
    """
    from connector.amqp.topology import reply_queues
    from connector.bootstrap.registry import open_registry
    from connector.storage.registry.vendors import known_vendor

    settings = settings_or_exit()
    with failing_cleanly():
        queues = reply_queues(known_vendor(open_registry(settings).load(), vendor))
    for queue in queues:
        click.echo(queue)
