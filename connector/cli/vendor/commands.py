"""``ccas-connector vendor``: what a vendor's integrator tries as the vendor."""

import sys
from pathlib import Path
from typing import Any

import click

from connector.cli.options import failing_cleanly

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def vendor() -> None:
    """Speak as one vendor, over its own AMQP address: what an integrator runs.

    It needs no registry and no key. The operator's commands about vendors are: ccas-connector vendors
    """


@vendor.command("try")
@click.argument("file", required=False, type=_FILE)
@click.option("--vendor", metavar="NAME", help="The vendor. Default: the address's user.")
@click.option(
    "--url",
    envvar="CONNECTOR_VENDOR_URL",
    metavar="URL",
    help="The vendor's address, amqps://user:password@host/%2F?cacertfile=ca.pem. Better in CONNECTOR_VENDOR_URL: others of "
    "this machine see a command's arguments.",
)
@click.option(
    "--connection",
    type=_FILE,
    help="The connection.json of: sandbox up. Default: ccas-sandbox/connection.json, where there is one.",
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="CHECK",
    help="Without FILE: ask the example of this check; repeat it. Default: those of all nineteen.",
)
@click.option(
    "--granted",
    is_flag=True,
    help="Without FILE: ask the examples of the checks that the vendor is granted, as this machine's registry says.",
)
@click.option(
    "--tenant",
    metavar="SIRET",
    help="Without FILE: the CCAS in whose name to ask. Default: the examples' own.",
)
@click.option(
    "--lane",
    type=click.Choice(["interactive", "batch"]),
    default="interactive",
    show_default=True,
    help="The lane.",
)
@click.option(
    "--reply-queue",
    metavar="QUEUE",
    help="Where to be answered: replies.<vendor>.<name>, which the operator adds. Default: replies.<vendor>.essais of a "
    "sandbox, else replies.<vendor>.",
)
@click.option("--share-queue", is_flag=True, help="Read the queue even where another program reads it too.")
@click.option(
    "--window",
    type=click.IntRange(1, 1000),
    default=200,
    show_default=True,
    help="Jobs without a reply at once.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=90.0,
    show_default=True,
    help="Seconds without any reply, after which those that are missing are told.",
)
@click.option(
    "--state",
    type=_FILE,
    help="Where a campaign is noted. Default: FILE.state, for the lane batch.",
)
@click.option("--restart", is_flag=True, help="Forget what the state says, and publish everything.")
@click.option("--republish", is_flag=True, help="Publish again what was published and has no reply.")
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each job and its reply there, for your own tests; from a sandbox alone.",
)
@click.option("--force", is_flag=True, help="Let --record replace files.")
@click.option("--report", type=_FILE, help="Write the counts there, as JSON.")
@click.option(
    "--dry-run", is_flag=True, help="Read the jobs, hold each against the contract, and publish nothing."
)
def try_out(**given: Any) -> None:
    """Publish jobs as a vendor does, wait for the replies, and show what was answered.

    FILE has a job a line, in JSON, or a job a row, in CSV (UTF-8; ; or , between cells). Columns: job_id, tenant, checks
    (several: a|b), dossier, agent, purpose, expires_at, nom_naissance, nom_usage, prenoms (several: A|B), sexe,
    date_naissance, code_pays, code_commune, nom_commune, code_departement, identity_variants (oui, non),
    france_connect_token, and CHECK.PARAMETER, as quotient_familial.annee.

    With --lane batch a FILE is a campaign: what is published and answered is noted in FILE.state, without anything of a
    person. Stopped in whatever way, the same command goes on; no job is asked twice, and none is lost.

    Replies to others' jobs stay on the queue: they are held, at most 1000, and given back at the end.

    \b
    Ends with 0: every job is answered, and there is nothing for the vendor to mend
              1: some are rejected, or ask in a way that the vendor has to mend
              2: the command cannot be run so
              3: replies are missing, or it was lost; run it again to go on
            130: interrupted by Ctrl-C; run it again to go on

    \b
    Example: ccas-connector vendor try
             ccas-connector vendor try campagne.csv --lane batch --report bilan.json
    """  # noqa: D301 - \b is click's, to keep the lines
    from connector.cli.vendor.trial import Asked, run

    with failing_cleanly():
        sys.exit(run(Asked(**given)))
