"""``ccas-connector journal``: who asked what in a CCAS's name, and when."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from connector.cli.journal.options import (
    INSTANT,
    TENANT,
    ask_person,
    filtered,
    months_of,
    open_journal,
    reading,
    tenant_of,
    wanted_of,
)
from connector.cli.options import (
    AS_JSON,
    KEY_OUTPUT,
    end_of_line,
    failing_cleanly,
    finishing,
    give_key,
    settings_or_exit,
)

_MOST_FOUND: Final = 10_000


@click.group()
def journal() -> None:
    """Show, export and purge the access journal: one record for each call made in a CCAS's name.

    A record holds no identity and no data: who asked what of which source, when, for what, and how it ended. Workers
    write it where CONNECTOR_JOURNAL_KEY is set.
    """


@journal.command("new-key")
@KEY_OUTPUT
def new_key(output: Path | None) -> None:
    """Make a fresh key for CONNECTOR_JOURNAL_KEY. Keep it as long as the journal: without it nobody is found again.

    To change it, give the new one first and the former behind it, comma-separated: the first hashes, all search.

    Example: ccas-connector journal new-key --output journal.key; export CONNECTOR_JOURNAL_KEY_FILE=journal.key
    """
    from connector.storage.journal.keys import new_key as make_key

    give_key(make_key(), output)


@journal.command()
@TENANT
@filtered
@click.option(
    "--limit", type=click.IntRange(1, _MOST_FOUND), default=100, show_default=True, help="The newest."
)
@AS_JSON
def search(*, limit: int, as_json: bool, **filters: str | datetime | None) -> None:
    """List a CCAS's records, the newest first.

    Example: ccas-connector journal search --tenant 26920023600017 --agent agent-4831 --since 2026-11-01
    """
    from connector.cli.journal.report import print_records

    store = open_journal(settings_or_exit())
    with reading():
        found = store.newest(wanted_of(filters), limit + 1)
    print_records(found[:limit], as_json=as_json, has_more=len(found) > limit)


@journal.command()
@TENANT
@filtered
@click.option(
    "--limit", type=click.IntRange(1, _MOST_FOUND), default=1000, show_default=True, help="The newest."
)
@AS_JSON
def person(*, limit: int, as_json: bool, **filters: str | datetime | None) -> None:
    """List a CCAS's records about one person, who is asked for here: nothing of a person is on the command line.

    Asks for a name, first names and a date of birth, or for an INE, identifiant, numéro fiscal or immatriculation; or
    reads one of these from a pipe as JSON, such as {"identity": {"nom_naissance": "…", "prenoms": ["…"],
    "date_naissance": "1991-04-17"}} or {"ine": "…"}. A difference of accents, hyphens or spaces still finds, another order
    of the first names too, and what was asked with less of the date, or with more; without a date, only what was asked
    without one is found. Somebody of the same name and date is found beside: one first name is enough.

    Exits 1 when a part of the records could not be searched, for want of their key.

    Example: ccas-connector journal person --tenant 26920023600017 --since 2026-01-01
    """
    from dataclasses import replace

    from connector.cli.journal.report import print_records, warn_of_keys
    from connector.storage.journal.keys import JournalKeys
    from connector.storage.journal.person import PERSON

    settings = settings_or_exit()
    wanted = wanted_of(filters)
    tenant = wanted.tenant or ""
    with failing_cleanly():
        keys = JournalKeys(settings.journal_key)
        sought = ask_person()
    store = open_journal(settings)
    hashes = [each for kind, value in sought for each in keys.every_hash(tenant, kind, value)]
    with reading():
        found = store.newest(replace(wanted, persons=hashes), limit + 1)
        by_key = store.count_by_key(tenant)
        is_of_identity = all(kind == PERSON for kind, _value in sought)
        of_nobody = store.count_of_nobody(wanted) if is_of_identity else 0
    print_records(found[:limit], as_json=as_json, has_more=len(found) > limit)
    if of_nobody:
        click.echo(
            f"{of_nobody} records hold no identity, and were not searched: asked with FranceConnect, without a first name, or "
            "by a number alone, by which they are found",
            err=True,
        )
    sys.exit(1 if warn_of_keys(by_key, keys.names) else 0)


@journal.command()
@TENANT
@filtered
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file for its owner alone, written whole or not at all. Default: the output.",
)
def export(*, form: str, output: Path | None, **filters: str | datetime | None) -> None:
    """Write a CCAS's records, the oldest first, as CSV or as JSON lines.

    In CSV, an apostrophe stands wherever a spreadsheet could take a part of a vendor's text for a formula; JSON lines hold
    the texts as they are.

    Example: ccas-connector journal export --tenant 26920023600017 --format csv --output journal.csv
    """
    from connector.cli.journal.report import export_records

    store, wanted = open_journal(settings_or_exit()), wanted_of(filters)
    with failing_cleanly(), finishing() as interruption, reading():
        done = export_records(store, wanted, form, output, interruption)
    if interruption.signum is None:
        click.echo(f"{done} records exported", err=True)
    else:
        told = "the export is not whole" if output is None else f"{output} is as it was"
        click.echo(f"interrupted: {told}", err=True)
    sys.exit(interruption.exit_status)


@journal.command()
@click.option(
    "--older-than",
    "months",
    metavar="MONTHS",
    callback=months_of,
    help="Such as 36m. Default: CONNECTOR_JOURNAL_MONTHS.",
)
@click.option("--tenant", metavar="SIRET", callback=tenant_of, help="Of one CCAS alone. Default: of all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Count them, and purge none.")
def purge(*, months: int | None, tenant: str | None, yes: bool, dry_run: bool) -> None:
    """Delete for good the records older than so many calendar months, once they are counted and you agree.

    ccas-connector beat does so by itself once a day, for what is older than CONNECTOR_JOURNAL_MONTHS. It may be
    interrupted, and run again.

    Example: ccas-connector journal purge --older-than 36m --dry-run
    """
    from connector.cli.tables import progress
    from connector.clock import utc_now
    from connector.storage.journal.record import months_before
    from connector.storage.journal.store import PURGED_AT_ONCE, Wanted

    settings = settings_or_exit()
    before = months_before(utc_now(), months or settings.journal_months)
    store = open_journal(settings)
    with reading():
        old = store.count(Wanted(tenant=tenant, until=before))
    told = f"{old} records of calls before {before:{INSTANT}}"
    if not old or dry_run:
        click.echo(f"{told}{end_of_line(dry_run=dry_run)}")
        return
    if not yes:
        click.confirm(f"{told}: delete them for good?", abort=True)
    gone = 0
    with finishing() as interruption, progress(old, "Purging") as seen, reading():
        while interruption.signum is None and (went := store.purge(before, PURGED_AT_ONCE, tenant)):
            gone += went
            for one in range(went):
                seen(one)
    click.echo(f"{gone} of {old} records purged")
    sys.exit(interruption.exit_status)
