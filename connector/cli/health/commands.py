"""``ccas-connector health``: whether jobs can be answered."""

import sys

import click

from connector.cli.options import settings_or_exit


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
@click.option("--api", "with_api", is_flag=True, help="Ask the API's address too: one call, without a token.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def health(*, url: str | None, live: bool, with_api: bool, as_json: bool) -> None:
    """Tell whether jobs are answered.

    Exit 0 when they are, 1 when some are not, 3 when they are and somebody is to look (dead letters, a provider that is held back, a part
    that workers go on without), 2 when a setting is wrong.

    A worker is live when its event loop answers, and ready when it takes jobs. The deployment is looked at as workers use it: the
    database and the shared state are written to, and a worker that is alive and ready takes from each queue.

    Example: ccas-connector health --worker http://127.0.0.1:8081 --live
    """
    import json

    from connector.cli.health.looks import look_at_deployment, look_at_worker
    from connector.cli.health.shown import exit_status_of, print_findings

    if live and url is None:
        raise click.UsageError("--live goes with --worker URL")
    if url is None:
        findings = look_at_deployment(settings_or_exit(), with_api=with_api)
    else:
        findings = look_at_worker(url)[: 1 if live else None]
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        print_findings(findings)
    sys.exit(exit_status_of(findings))
