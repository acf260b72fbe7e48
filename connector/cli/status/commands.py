"""``ccas-connector status``: everything at a glance, or one CCAS, with the one sentence of what to do."""

import json
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from connector.cli.options import AS_JSON, fail, failing_cleanly, settings_or_exit

if TYPE_CHECKING:
    from connector.settings.settings import Settings

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
    if not watch:
        sys.exit(_look(settings, siret, as_json=as_json))
    with suppress(KeyboardInterrupt):
        while True:
            if not as_json and sys.stdout.isatty():
                click.clear()
            _look(settings, siret, as_json=as_json)
            sys.stdout.flush()
            time.sleep(_AGAIN_SECONDS)


def _look(settings: "Settings", siret: str | None, *, as_json: bool) -> int:
    with failing_cleanly():
        if siret is None:
            return _everything(settings, as_json=as_json)
        return _tenant(settings, siret, as_json=as_json)


def _tenant(settings: "Settings", siret: str, *, as_json: bool) -> int:
    from connector.cli.health.shown import EXIT_LOOK
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
    from connector.cli.health.findings import worst
    from connector.cli.health.looks import look_at_deployment
    from connector.cli.health.shown import exit_status_of, print_findings
    from connector.cli.status.overview import look_at_tenants, sentence_of

    findings = [*look_at_deployment(settings, with_api=False), *look_at_tenants(settings)]
    sentence = sentence_of(findings)
    if as_json:
        parts = [finding.as_dict() for finding in findings]
        click.echo(json.dumps({"severity": worst(findings), "advice": sentence, "parts": parts}))
    else:
        print_findings(findings)
        click.echo(sentence)
    return exit_status_of(findings)
