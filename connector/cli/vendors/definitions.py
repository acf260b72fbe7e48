"""``ccas-connector vendors definitions``: the broker's users, rights and objects, in a file that RabbitMQ imports."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.options import DRY_RUN, end_of_line, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.amqp.definitions.limits import Space
    from connector.jobs.records import Registry

_FILE = click.Path(path_type=Path, dir_okay=False)
_LIMIT = click.IntRange(0, 1_000_000)


@click.command()
@click.option(
    "--out", type=_FILE, default="rabbitmq-definitions.json", show_default=True, help="The file to write."
)
@click.option(
    "--passwords",
    "passwords_file",
    type=_FILE,
    default="rabbitmq-passwords.json",
    show_default=True,
    help="Where passwords are given by user, in JSON, and where those made are added.",
)
@click.option("--new-password", "renewed", multiple=True, metavar="USER", help="Make another; repeatable.")
@click.option("--vhost", default="/", show_default=True, help="The virtual host.")
@click.option("--worker-user", default="connector", show_default=True, help="The user of workers.")
@click.option(
    "--operator-user",
    default="operator",
    show_default=True,
    help="The user of: dead, health, topology declare.",
)
@click.option(
    "--vendor-connections",
    "connections",
    type=_LIMIT,
    default=20,
    show_default=True,
    help="How many a vendor may open; 0: no limit.",
)
@click.option(
    "--vendor-channels",
    "channels",
    type=_LIMIT,
    default=200,
    show_default=True,
    help="How many a vendor may open, over all its connections; 0: no limit.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="FAMILY=MIB",
    help="What each queue of a family may hold, batch=1024 for instance; repeatable. Printed, with the sum.",
)
@click.option(
    "--split",
    is_flag=True,
    help="Write two files, the objects and then the users: RabbitMQ 4.3 imports them in turn, and no whole at first.",
)
@DRY_RUN
def definitions(  # noqa: PLR0913, PLR0917 - one parameter per option
    out: Path,
    passwords_file: Path,
    renewed: tuple[str, ...],
    vhost: str,
    worker_user: str,
    operator_user: str,
    connections: int,
    channels: int,
    limits: tuple[str, ...],
    split: bool,  # noqa: FBT001 - click passes flags by name
    dry_run: bool,  # noqa: FBT001 - click passes flags by name
) -> None:
    """Write what RabbitMQ imports: a user per vendor and two of ours, their rights, every exchange and queue.

    A vendor writes under its own name, reads its own replies and declares nothing. Workers work without the right to
    declare these objects. Run it again after a change of vendors or reply queues, and import again: what exists stays.

    Each queue has a limit, at which it refuses what is published; --limit changes a family's. Compare the sum that is
    printed with the broker's disk.

    Passwords are in the file as hashes. A user's is the one that --passwords gives it, else the one whose hash --out
    holds already, else a new one, added to --passwords. Both files are readable by their owner alone; --passwords is
    not needed any more once its passwords are handed over.

    RabbitMQ 4.3 and later take the whole file only once the exchange of vendors is there. For a new broker, --split writes
    rabbitmq-definitions-1-objects.json and rabbitmq-definitions-2-users.json: import the first one first.

    \b
    Example: ccas-connector vendors definitions
    then:    rabbitmqctl import_definitions rabbitmq-definitions.json
    """  # noqa: D301 - \b is click's, to keep the lines
    from connector.amqp.declaration import recorded_topology
    from connector.amqp.definitions.document import definitions_of, in_two
    from connector.amqp.definitions.limits import limits_of, spaces_of
    from connector.amqp.definitions.passwords import (
        credentials_of,
        definitions_json,
        passwords_json,
        read_hashes,
        read_passwords,
    )
    from connector.amqp.definitions.rights import users_of
    from connector.bootstrap.registry import open_registry
    from connector.files import write_private

    settings = settings_or_exit()
    with failing_cleanly():
        bounds = limits_of(limits)
        registry = open_registry(settings).load()
        vendors = registry.vendors
        objects = recorded_topology({vendor.name: vendor.reply_queues for vendor in vendors.values()})
        users = users_of(
            objects,
            vendors,
            worker=worker_user,
            operator=operator_user,
            limits={"max-connections": connections or -1, "max-channels": channels or -1},
        )
        names = [user.name for user in users]
        if unknown := sorted(set(renewed) - set(names)):
            raise click.UsageError(f"--new-password: {unknown[0]} is none of {', '.join(names)}")
        if not out.name:
            raise click.UsageError("--out: name a file")
        parts = _parts(out)
        files, other = (parts, out) if split else ((out,), parts[-1])
        # A password outlives a change of the form: what another file holds is in force on the broker.
        held = read_hashes(files[-1] if files[-1].exists() else other)
        credentials = credentials_of(names, read_passwords(passwords_file), held, renewed)
        if not dry_run:
            # Before the hashes: of a password that is not kept, nobody would know.
            if credentials.new:
                write_private(passwords_file, passwords_json(credentials.passwords))
            defined = definitions_of(objects, users, credentials.hashes, vhost, bounds)
            for file, part in zip(files, in_two(defined) if split else (defined,), strict=True):
                write_private(file, definitions_json(part))
    tail = end_of_line(dry_run=dry_run)
    click.echo(
        f"{', '.join(map(str, files))}: {len(users)} users, {len(objects.exchanges)} exchanges, {len(objects.queues)} queues{tail}"
    )
    if credentials.new:
        click.echo(f"new passwords, in {passwords_file}: {', '.join(credentials.new)}{tail}")
    if changed := [name for name in credentials.changed if name not in credentials.new]:
        click.echo(f"other passwords than before: {', '.join(changed)}{tail}")
    for name in sorted(set(held) - set(names)):
        click.echo(f"no longer in it, and importing removes nobody: rabbitmqctl delete_user {name}")
    _tell_space(spaces_of(bounds, objects, len(registry.every_overflow)), registry)


def _parts(out: Path) -> tuple[Path, Path]:
    """Return where the objects and the users go, in the order of their names, which is how RabbitMQ loads a folder."""
    return out.with_stem(f"{out.stem}-1-objects"), out.with_stem(f"{out.stem}-2-users")


def _tell_space(spaces: "Sequence[Space]", registry: "Registry") -> None:
    """Print what queues may hold, to be compared with the broker's disk."""
    from connector.amqp.definitions.limits import Family
    from connector.cli.tables import print_table
    from connector.jobs.records import Lane

    rows = [
        (
            space.family,
            str(space.queues),
            f"{space.limit.messages:,}",
            f"{space.limit.mebibytes:,}",
            f"{space.mebibytes:,}",
        )
        for space in spaces
    ]
    print_table(("Queues", "Number", "Messages each", "MiB each", "MiB"), rows)
    click.echo(f"in all, at most {sum(space.mebibytes for space in spaces):,} MiB of bodies on the broker")
    possible = len(Lane) * sum(len(tenant.vendors) for tenant in registry.tenants.values())
    overflow = next(space for space in spaces if space.family is Family.OVERFLOW)
    click.echo(
        f"and {overflow.limit.mebibytes:,} MiB for each further overflow queue: one per vendor, CCAS and lane whose jobs "
        f"come faster than its quota, {max(0, possible - overflow.queues)} at most"
    )
