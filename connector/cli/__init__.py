"""The command line. Each command imports what it needs when it runs, so that ``--help`` is fast."""

import click

from connector.cli.beat import beat
from connector.cli.checks.commands import checks
from connector.cli.datapass import datapass
from connector.cli.dead.commands import dead
from connector.cli.demo import demo
from connector.cli.health import health
from connector.cli.journal.commands import journal
from connector.cli.registry.commands import registry
from connector.cli.sandbox.commands import sandbox
from connector.cli.schemas import schemas
from connector.cli.tenants.commands import tenants
from connector.cli.topology import topology
from connector.cli.trace import trace
from connector.cli.vendor.commands import vendor
from connector.cli.vendors.commands import vendors


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ccas-connector")
def command_line() -> None:
    """Answer French social-work software over RabbitMQ from API Particulier, with each CCAS's own token.

    Settings are environment variables prefixed CONNECTOR_; see deploy/README.md.
    """


for _command in (
    beat,
    checks,
    datapass,
    dead,
    demo,
    health,
    journal,
    registry,
    sandbox,
    schemas,
    tenants,
    topology,
    trace,
    vendor,
    vendors,
):
    command_line.add_command(_command)
