"""``ccas-connector sandbox``: a local API Particulier, and tokens for it."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from connector.cli.options import fail

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of cases in the official YAML format, instead of those shipped.",
)
@click.option(
    "--latency",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds before each answer.",
)
@click.option(
    "--today",
    type=_DAY,
    metavar="YYYY-MM-DD",
    help="Day that the sandbox believes it is when it starts, at noon in Paris; its parameters are judged by it, "
    "the expiry of tokens is not. Default: the real day.",
)
@click.option(
    "--v2-withdrawn", is_flag=True, help="Answer 410 for the tax notice of version 2, as production."
)
@click.pass_context
def sandbox(  # noqa: PLR0913, PLR0917 - one argument per option
    context: click.Context,
    host: str,
    port: int,
    cases: Path | None,
    latency: float,
    today: datetime | None,
    v2_withdrawn: bool,  # noqa: FBT001 - click passes flags by name
) -> None:
    """Serve a local API Particulier, and API Impôt particulier, until interrupted.

    Example: ccas-connector sandbox --port 8080 --latency 0.1 --today 2026-11-23
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import contextlib
    import signal

    from connector.clock import utc_now
    from connector.sandbox.cases import SHIPPED, CasesError, load_cases
    from connector.sandbox.france_connect import load_france_connect
    from connector.sandbox.impots import OPERATIONS
    from connector.sandbox.particulier import operations
    from connector.sandbox.server import serve
    from connector.sandbox.setting import Sandbox, ahead_to

    try:
        loaded = load_cases(cases or SHIPPED, [*operations(), *OPERATIONS])
        france_connect = load_france_connect(cases or SHIPPED)
    except CasesError as error:
        fail(str(error))
    served = Sandbox(
        cases=loaded,
        france_connect=france_connect,
        latency_seconds=latency,
        ahead=ahead_to(today.date(), utc_now()) if today else timedelta(0),
        is_v2_withdrawn=v2_withdrawn,
    )

    async def until_told() -> None:
        serving = asyncio.ensure_future(
            serve(
                served, host, port, lambda url: click.echo(f"sandbox ready on {url} with {len(loaded)} cases")
            ),
        )
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, serving.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    try:
        asyncio.run(until_told())
    except OSError as error:
        fail(f"cannot listen on {host}:{port} ({error.strerror})")


@sandbox.command()
@click.option("--scope", "scopes", multiple=True, help="A scope of the token; repeat it. Default: all.")
@click.option("--name", default="sandbox", show_default=True, help="The habilitation's name.")
@click.option("--days", default=540, show_default=True, help="Days until it expires; negative: it has.")
@click.option("--revoked", is_flag=True, help="The sandbox answers that it was revoked.")
def token(scopes: tuple[str, ...], name: str, days: int, revoked: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Print a token that the sandbox accepts, or refuses in the way asked for.

    Example: ccas-connector sandbox token --scope cnaf_quotient_familial
    """
    from connector.clock import utc_now
    from connector.sandbox.tokens import SandboxToken, issue_token

    click.echo(
        issue_token(
            SandboxToken(
                name=name,
                scopes=frozenset(scopes) or _every_scope(),
                expires_at=utc_now() + timedelta(days=days),
                is_revoked=revoked,
            ),
        ),
    )


@sandbox.command("france-connect-token")
@click.option("--nom", help="Birth name.")
@click.option("--prenom", "prenoms", multiple=True, help="A first name; repeat it.")
@click.option("--naissance", type=_DAY, metavar="YYYY-MM-DD", help="Date of birth.")
@click.option("--sexe", type=click.Choice(["F", "M"]), help="Sex of the civil status.")
@click.option("--pays", help="INSEE code of the country of birth; 99100 is France.")
@click.option("--commune", help="INSEE code of the commune of birth.")
@click.option("--scope", "scopes", multiple=True, help="A scope of the token; repeat it. Default: all.")
@click.option("--seconds", default=60, show_default=True, help="Seconds until it expires; negative: it has.")
def france_connect_token(  # noqa: PLR0913 - one per option
    *,
    nom: str | None,
    prenoms: tuple[str, ...],
    naissance: datetime | None,
    sexe: str | None,
    pays: str | None,
    commune: str | None,
    scopes: tuple[str, ...],
    seconds: int,
) -> None:
    """Print a FranceConnect access token of a person, whose identity may be partial.

    Example: ccas-connector sandbox france-connect-token --nom EXEMPLE --prenom CLAIRE --naissance 1991-04-17
    --sexe F --pays 99100 --commune 69383
    """
    from connector.clock import utc_now
    from connector.sandbox.france_connect import issue_france_connect_token

    identity = {
        "nomNaissance": nom,
        "prenoms": list(prenoms),
        "anneeDateNaissance": naissance and naissance.year,
        "moisDateNaissance": naissance and naissance.month,
        "jourDateNaissance": naissance and naissance.day,
        "sexeEtatCivil": sexe,
        "codeCogInseePaysNaissance": pays,
        "codeCogInseeCommuneNaissance": commune,
    }
    given = {name: value for name, value in identity.items() if value}
    expires_at = utc_now() + timedelta(seconds=seconds)
    click.echo(issue_france_connect_token(given, frozenset(scopes) or _every_scope(), expires_at))


def _every_scope() -> frozenset[str]:
    from connector.catalogue import CATALOGUE

    return frozenset(scope for check in CATALOGUE.values() for scope in check.scopes)
