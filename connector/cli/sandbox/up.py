"""``ccas-connector sandbox up``: the whole set-up on one machine, for a vendor's integrator."""

import contextlib
import shlex
import signal
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.options import DAY, fail

if TYPE_CHECKING:
    from connector.demo.connection_file import VendorConnection

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _vendor_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    import re

    from connector.jobs.records import VENDOR_NAME

    if not re.fullmatch(VENDOR_NAME, name):
        raise click.BadParameter("a lower-case letter, then at most 31 of a-z 0-9 -")
    return name


@click.command()
@click.option(
    "--vendor",
    default="millesime",
    show_default=True,
    callback=_vendor_name,
    help="The vendor: its AMQP user, and the first word of its routing keys.",
)
@click.option("--product", help="What its product is called. Default: the vendor's name.")
@click.option(
    "--preset",
    type=click.Choice(["millesime", "sonate-opus", "ccas", "all"]),
    default="all",
    show_default=True,
    help="The habilitation form whose scopes it is granted; see forbidden_check and withheld with one that is small.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Where the broker listens, on 127.0.0.1; 0 takes a free one. Default: the folder's last one, else 5671, else a "
    "free one.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="ccas-sandbox",
    show_default=True,
    help="Where the certificates, connection.json and the logs are.",
)
@click.option(
    "--fail",
    "failures",
    multiple=True,
    metavar="PROVIDER=KIND[,...]",
    help="Let a provider fail from the start, as: ccas-connector sandbox --fail",
)
@click.option("--today", type=DAY, metavar="YYYY-MM-DD", help="Day that the sandbox believes it is.")
@click.option(
    "--v2-withdrawn", is_flag=True, help="Answer 410 for the tax notice of version 2, as production."
)
@click.option(
    "--latency", type=click.FloatRange(min=0), default=0.0, help="Seconds before each of the API's answers."
)
def up(  # noqa: PLR0913 - one per option
    *,
    vendor: str,
    product: str | None,
    preset: str,
    port: int | None,
    folder: Path,
    failures: tuple[str, ...],
    today: datetime | None,
    v2_withdrawn: bool,
    latency: float,
) -> None:
    """Run all that a vendor's program needs on this machine, until Ctrl-C: RabbitMQ over TLS, the sandbox, a worker.

    The vendor's user has the rights that it has in production: it publishes under its own name, reads its own reply queues, and
    declares nothing. Nothing leaves this machine, and no other RabbitMQ of it is touched.

    FOLDER/connection.json tells a program how to connect: url, ca_file, user, reply_queue, tenants. At the next start in the
    same folder the certificates, the passwords and the port are the same, and the queues are empty.

    \b
    Example: ccas-connector sandbox up
    then:    ccas-connector vendor try
    """  # noqa: D301 - \b is click's, to keep the lines
    from connector.demo.deployment import DeploymentError
    from connector.demo.install import HOW_TO_GET_RABBITMQ
    from connector.demo.node import rabbitmq_server
    from connector.demo.private import NodeError
    from connector.demo.program import ProgramError
    from connector.demo.workbench import Wish, Workbench
    from connector.errors import OperatorError

    if rabbitmq_server() is None:
        fail(HOW_TO_GET_RABBITMQ)
    wish = Wish(
        vendor=vendor,
        product=product or vendor,
        preset=preset,
        port=port,
        api_options=(
            *(f"--fail={one}" for one in failures),
            *([f"--today={today:%Y-%m-%d}"] if today else []),
            *(["--v2-withdrawn"] if v2_withdrawn else []),
            f"--latency={latency}",
        ),
    )
    try:
        with _told_to_end(), Workbench(folder, wish, _say) as workbench:
            click.echo(_welcome(workbench.connection, workbench.folder))
            part = workbench.wait()
            _say(f"{part} : arrêt inattendu ; voir les journaux dans {workbench.folder}")
            sys.exit(1)
    except KeyboardInterrupt:
        _say("tout est arrêté ; les files et leurs messages sont effacés")
    except (OperatorError, NodeError, ProgramError, DeploymentError) as error:
        fail(str(error))


def _say(line: str) -> None:
    click.echo(f"ccas-connector : {line}", err=True)


@contextlib.contextmanager
def _told_to_end() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` once for Ctrl-C, SIGTERM or a terminal that closes; what follows waits for the end."""
    previous = {signum: signal.getsignal(signum) for signum in _ENDING}

    def end(_signum: int, _frame: object) -> None:
        for signum in _ENDING:
            signal.signal(signum, signal.SIG_IGN)
        _say("arrêt …")
        raise KeyboardInterrupt

    for signum in _ENDING:
        signal.signal(signum, end)
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)


def _welcome(connection: "VendorConnection", folder: Path) -> str:
    """Return what an integrator needs to know to begin."""
    tenants = "\n".join(
        f"    {tenant.siret}  {tenant.name} : {tenant.shows}" for tenant in connection.tenants
    )
    return f"""
Le bac à sable est prêt. Rien ne sort de ce poste.

  adresse          {connection.url.get_secret_value()}
  autorité         {connection.ca_file}
  utilisateur      {connection.user}
  échange, clés    {connection.exchange} ; {connection.interactive_key}, {connection.batch_key}
  file de réponses {connection.reply_queue}
  pour programmes  {folder / "connection.json"}, {folder / "env.sh"} (0600)
  fausse API       {connection.api_url} (pannes à la demande : POST /sandbox/failures)
  journaux         {folder / "worker.log"}, {folder / "api.log"}

  CCAS (tenant)
{tenants}

  Personnes (nom_naissance, prenoms, sexe, date_naissance, code_commune ; code_pays 99100)
    EXEMPLE, CLAIRE, F, 1991-04-17, 69383     les exemples des dix-neuf vérifications
    HOMONYME, JEAN, M, 1970-01-01, 75056      not_identified, identity_ambiguous (quotient_familial)
    INTROUVABLE, JEAN, M, 1970-01-01, 75056   not_identified, identity_unmatched (quotient_familial)
    toute autre personne                      not_found

  Première demande (dans un autre terminal)
    ccas-connector vendor try --connection {shlex.quote(str(folder / "connection.json"))}

Ctrl-C arrête tout. Au prochain démarrage dans ce dossier, l'adresse et l'autorité seront les mêmes, et les files vides."""
