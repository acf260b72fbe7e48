"""``ccas-connector health``: whether jobs can be answered."""

import sys
from typing import TYPE_CHECKING

import click

from connector.cli.options import settings_or_exit

if TYPE_CHECKING:
    from connector.amqp.health import Finding

EXIT_UNWELL = 1


@click.command()
@click.option(
    "--worker",
    "url",
    metavar="URL",
    help="Ask one worker, started with --http, instead of looking at the broker and the database.",
)
@click.option(
    "--live",
    is_flag=True,
    help="With --worker: exit 0 when it is alive, even if the broker is away, so that it is not started again in vain.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def health(url: str | None, live: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Tell whether jobs can be answered; exit 0 when they can, 1 when not, 2 when a setting is wrong.

    A worker is live when its event loop answers, and ready when it takes jobs. The deployment is ready when the
    database and the broker answer, and a worker takes from each queue.

    Example: ccas-connector health --worker http://127.0.0.1:8081 --live
    """
    import json
    from dataclasses import asdict

    from connector.cli.tables import print_table

    if live and url is None:
        raise click.UsageError("--live goes with --worker URL")
    findings = _of_deployment() if url is None else _of_worker(url, only_live=live)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        rows = [(finding.part, "ok" if finding.is_well else "NOT OK", finding.detail) for finding in findings]
        print_table(("Part", "State", "Detail"), rows)
    sys.exit(0 if all(finding.is_well for finding in findings) else EXIT_UNWELL)


def _of_worker(url: str, *, only_live: bool) -> "list[Finding]":
    from connector.amqp.health import probe

    return probe(url)[:1] if only_live else probe(url)


def _of_deployment() -> "list[Finding]":
    """Return what can be said of each part, whichever other part is away."""
    from connector.amqp.health import Finding, judge, judge_overflows, queue_states
    from connector.bootstrap.registry import open_registry
    from connector.cli.broker import reaching
    from connector.errors import OperatorError

    settings = settings_or_exit()
    registry = None
    try:
        registry = open_registry(settings).load()
    except OperatorError as error:
        findings = [Finding(part="database", is_well=False, detail=str(error))]
    else:
        told = f"{len(registry.vendors)} vendors, {len(registry.tenants)} tenants"
        findings = [Finding(part="database", is_well=bool(registry.tenants), detail=told)]
    try:
        with reaching(settings) as connection:
            findings += judge(queue_states(connection), has_journal=settings.journal_key is not None)
            if registry is not None:
                findings.append(judge_overflows(connection, registry.every_overflow))
    except OperatorError as error:
        findings.append(Finding(part="broker", is_well=False, detail=str(error)))
    return findings
