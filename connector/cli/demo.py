"""``ccas-connector demo``: everything on one machine, from a vendor's job to its reply."""

import os
import signal
import sys

import click

_EXIT_TERMINATED = 128 + signal.SIGTERM


@click.command()
def demo() -> None:
    """Show every kind of answer: a RabbitMQ node, the sandbox, a worker and two vendors, all on this machine.

    Installs Debian's rabbitmq-server where it is missing and apt may be used. CONNECTOR_BROKER_URL uses a
    broker of yours instead. Whatever was started is stopped.

    Example: ccas-connector demo
    """
    from kombu.exceptions import OperationalError

    from connector.cli.tables import print_table
    from connector.demo.deployment import DeploymentError
    from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
    from connector.demo.private import NodeError
    from connector.demo.program import ProgramError
    from connector.demo.run import BrokerInUseError, run_demo

    def say(line: str) -> None:
        click.echo(line, err=True)

    # Told to end, it stops what it started, as it does when it is interrupted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_EXIT_TERMINATED))
    broker_url = os.environ.get("CONNECTOR_BROKER_URL") or None
    if broker_url is None and not install_rabbitmq(say):
        say(HOW_TO_GET_ONE)
        sys.exit(1)
    try:
        rows, missing = run_demo(broker_url, say)
    except (NodeError, ProgramError, DeploymentError, BrokerInUseError, OSError, OperationalError) as error:
        say(f"ccas-connector: {error}")
        sys.exit(1)
    print_table(("Vendor", "What it shows", "Job", "Answer"), rows)
    say(f"{missing} jobs without a reply" if missing else "every job has its reply")
    sys.exit(1 if missing else 0)
