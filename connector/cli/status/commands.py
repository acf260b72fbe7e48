"""``ccas-connector status``: everything at a glance, or one CCAS, with the one sentence of what to do."""

import json
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from connector.cli.options import AS_JSON, fail, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.settings.settings import Settings

EXIT_FAILURE = 1
EXIT_LOOK = 3
_AGAIN_SECONDS: Final = 5.0


@click.command()
@click.argument("siret", required=False)
@AS_JSON
@click.option("--watch", is_flag=True, help="Look again every five seconds, until Ctrl-C.")
def status(*, siret: str | None, as_json: bool, watch: bool) -> None:
    """Say how things stand, for every CCAS or for the one of SIRET, and what to do.

    For the call « ça ne marche plus depuis ce matin »: its token, quota, suspension, its last calls, what waits where, the providers
    that are held back, its vendors' rejected jobs; then one sentence. Changes nothing and makes no call to the API.

    Exits 0 when nothing is wrong that can be seen, 3 when somebody is to look, 1 when jobs are not answered, 2 when a setting is wrong.

    Example: ccas-connector status 26920023600017 --watch
    """
    settings = settings_or_exit()
    while True:
        if watch and not as_json and sys.stdout.isatty():
            click.clear()
        with failing_cleanly():
            exit_status = (
                _everything(settings, as_json=as_json)
                if siret is None
                else _tenant(settings, siret, as_json=as_json)
            )
        if not watch:
            sys.exit(exit_status)
        sys.stdout.flush()
        try:
            time.sleep(_AGAIN_SECONDS)
        except KeyboardInterrupt:
            sys.exit(exit_status)


def _tenant(settings: "Settings", siret: str, *, as_json: bool) -> int:
    from connector.cli.status.advice import advice_of
    from connector.cli.status.looks import look_at_tenant
    from connector.cli.status.shown import as_json as shown_as_json
    from connector.cli.status.shown import rows_of

    facts = look_at_tenant(settings, siret)
    if facts is None:
        fail(f"no tenant has the SIRET {siret}; see: ccas-connector tenants list")
    is_well, advice = advice_of(facts)
    if as_json:
        click.echo(json.dumps(shown_as_json(facts, is_well=is_well, advice=advice)))
    else:
        from connector.cli.tables import print_table

        print_table(("Part", "State"), rows_of(facts))
        click.echo(advice)
    return 0 if is_well else EXIT_LOOK


def _everything(settings: "Settings", *, as_json: bool) -> int:
    from connector.cli.health.findings import Severity, worst
    from connector.cli.health.looks import look_at_deployment
    from connector.cli.status.overview import look_at_tenants, sentence_of

    findings = [*look_at_deployment(settings, with_api=False), *look_at_tenants(settings)]
    severity, sentence = worst(findings), sentence_of(findings)
    if as_json:
        shown = {
            "severity": severity,
            "advice": sentence,
            "parts": [finding.as_dict() for finding in findings],
        }
        click.echo(json.dumps(shown))
    else:
        from connector.cli.tables import print_table

        words = {Severity.OK: "ok", Severity.WARNING: "LOOK", Severity.FAILURE: "NOT OK"}
        print_table(
            ("Part", "State", "Detail"), [(one.part, words[one.severity], one.detail) for one in findings]
        )
        click.echo(sentence)
    return {Severity.OK: 0, Severity.WARNING: EXIT_LOOK, Severity.FAILURE: EXIT_FAILURE}[severity]
