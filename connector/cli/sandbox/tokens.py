"""Tokens for the sandbox, as ``ccas-connector sandbox`` prints them."""

from datetime import timedelta

import click


@click.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="A scope of the token; repeat it. Default: all. Blocks of the others are masked.",
)
@click.option("--name", default="sandbox", show_default=True, help="The habilitation's name.")
@click.option("--days", default=540, show_default=True, help="Days until it expires; negative: it has.")
@click.option("--revoked", is_flag=True, help="The sandbox answers that it was revoked.")
@click.option(
    "--ended", is_flag=True, help="The sandbox answers that it has expired, whatever its date says."
)
def token(*, scopes: tuple[str, ...], name: str, days: int, revoked: bool, ended: bool) -> None:
    """Print a token that the sandbox accepts, or refuses in the way asked for.

    As in production, its scopes leave blocks out of the answers, which a reply lists in withheld; a check without any scope of
    its own is insufficient_scope.

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
                is_ended=ended,
            ),
        ),
    )


def _known_parts(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Read a date of birth of which the year, or the year and the month, may be all that is known."""
    from pydantic import TypeAdapter, ValidationError

    from schemas.identity import PartialDate

    try:
        known = TypeAdapter(PartialDate | None).validate_python(text)
    except ValidationError:
        raise click.BadParameter("write YYYY-MM-DD, YYYY-MM or YYYY") from None
    return tuple(map(int, known.split("-"))) if known else ()


@click.command("france-connect-token")
@click.option("--nom", help="Birth name.")
@click.option("--prenom", "prenoms", multiple=True, help="A first name; repeat it.")
@click.option(
    "--naissance",
    callback=_known_parts,
    metavar="YYYY[-MM[-DD]]",
    help="As much of the date of birth as is known; 1979-00-00, as FranceConnect writes it, is 1979.",
)
@click.option("--sexe", type=click.Choice(["F", "M"]), help="Sex of the civil status.")
@click.option("--pays", help="INSEE code of the country of birth; 99100 is France.")
@click.option("--commune", help="INSEE code of the commune of birth.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="A scope of the token; repeat it. Default: all. Blocks of the others are masked.",
)
@click.option("--seconds", default=60, show_default=True, help="Seconds until it expires; negative: it has.")
def france_connect_token(  # noqa: PLR0913 - one per option
    *,
    nom: str | None,
    prenoms: tuple[str, ...],
    naissance: tuple[int, ...],
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
        **dict(
            zip(("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance"), naissance, strict=False)
        ),
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
