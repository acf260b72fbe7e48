"""What the commands of ``ccas-connector journal`` share: which records, of whom, from which database."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli.options import DAY, failing_cleanly
from connector.errors import OperatorError

if TYPE_CHECKING:
    from connector.settings.settings import Settings
    from connector.storage.journal.store import JournalStore, Wanted


def tenant_of(_context: object, _option: object, text: str | None) -> str | None:
    """Return a SIRET, for click."""
    from schemas.siret import is_siret

    if text is not None and not is_siret(text):
        raise click.BadParameter("not a SIRET: give the 14 digits of the CCAS's")
    return text


def _check_of(_context: object, _option: object, text: str | None) -> str | None:
    from connector.catalogue import CATALOGUE

    return _one_of(CATALOGUE, text, "see: ccas-connector checks list")


def _outcome_of(_context: object, _option: object, text: str | None) -> str | None:
    from connector.storage.journal.record import OUTCOMES

    return _one_of(
        OUTCOMES, text, "give found, unknown, not_made, or a code of the contract such as no_record"
    )


def _one_of(known: Collection[str], text: str | None, otherwise: str) -> str | None:
    from difflib import get_close_matches

    if text is None or text in known:
        return text
    close = get_close_matches(text, known)
    raise click.BadParameter(
        f"not known; did you mean {', '.join(close)}?" if close else f"not known; {otherwise}"
    )


TENANT: Final = click.option("--tenant", required=True, metavar="SIRET", callback=tenant_of, help="The CCAS.")
INSTANT: Final = "%Y-%m-%d %H:%M UTC"
_FILTERS: Final = (
    click.option("--agent", help="As the vendor refers to who asked."),
    click.option("--dossier", help="As the vendor refers to the family."),
    click.option("--check", callback=_check_of, help="A name of: ccas-connector checks list."),
    click.option("--vendor", help="Whose product asked."),
    click.option(
        "--outcome",
        callback=_outcome_of,
        help="found, unknown, not_made, or a code of the contract such as no_record.",
    ),
    click.option("--since", type=DAY, metavar="DAY", help="From this day on (2026-11-01), in Paris."),
    click.option("--until", type=DAY, metavar="DAY", help="Up to and including this day, in Paris."),
)
_FORMS: Final = 'give {"identity": {"nom_naissance": …, "prenoms": […], "date_naissance": …}} or {"ine": …}'


class PersonError(OperatorError):
    """What was given names nobody; the message says what to give, and nothing of what was given."""


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that narrow the records."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def wanted_of(filters: Mapping[str, Any]) -> "Wanted":
    """Return the records that the options name."""
    from datetime import timedelta

    from connector.clock import PARIS
    from connector.storage.journal.store import Wanted

    since, until = filters.get("since"), filters.get("until")
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is after --until")
    others = {name: value for name, value in filters.items() if name not in ("since", "until")}
    return Wanted(
        **others,
        since=None if since is None else since.replace(tzinfo=PARIS).astimezone(UTC),
        until=None if until is None else (until + timedelta(days=1)).replace(tzinfo=PARIS).astimezone(UTC),
    )


def months_of(_context: object, _option: object, text: str | None) -> int | None:
    """Return, for click, how many months ``36m`` or ``36`` is."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})m?", text)
    if found is None:
        raise click.BadParameter("give calendar months: 36m")
    return int(found[1])


def open_journal(settings: "Settings") -> "JournalStore":
    """Open the journal, or exit with one line."""
    from connector.bootstrap.registry import open_current_database
    from connector.storage.journal.store import JournalStore

    with failing_cleanly():
        return JournalStore(open_current_database(settings, is_pooled=False))


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn a database that goes away into one line and a non-zero exit."""
    from sqlalchemy.exc import SQLAlchemyError

    from connector.storage.causes import database_cause
    from connector.storage.database import DatabaseError

    with failing_cleanly():
        try:
            yield
        except SQLAlchemyError as error:
            raise DatabaseError(f"CONNECTOR_DATABASE_URL: cannot be used: {database_cause(error)}") from None


def ask_person() -> list[tuple[str, str]]:
    """Return the kinds and values that one person may have been hashed from. Raises ``PersonError``."""
    from connector.storage.journal.person import IDENTIFIERS, PERSON, likely_persons, plain_identifier

    given = _prompted() if _is_a_terminal() else _piped()
    identity = given.get("identity")
    if isinstance(identity, dict):
        nom, prenoms = _text(identity.get("nom_naissance")), identity.get("prenoms")
        firsts = [text for each in prenoms if (text := _text(each))] if isinstance(prenoms, list) else []
        date = _text(identity.get("date_naissance"))
        if not nom or not firsts or not re.fullmatch(r"(\d{4}(-\d{2}(-\d{2})?)?)?", date):
            raise PersonError(
                "no identity: it needs a birth name, a first name, and a date such as 1991-04-17, 1991-04 or 1991"
            )
        return [(PERSON, each) for each in likely_persons(nom, firsts, date)]
    found = [
        (kind, plain_identifier(kind, value)) for kind in IDENTIFIERS if (value := _text(given.get(kind)))
    ]
    if len(found) != 1:
        raise PersonError(f"nobody is named: {_FORMS}; one of: identity, {', '.join(IDENTIFIERS)}")
    return found


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_a_terminal() -> bool:
    return sys.stdin.isatty()


def _piped() -> dict[str, Any]:
    try:
        given = json.loads(sys.stdin.read())
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise PersonError(f"the standard input is no JSON object: {_FORMS}")
    return given


def _prompted() -> dict[str, Any]:
    from connector.storage.journal.person import IDENTIFIERS

    by = click.prompt("By", type=click.Choice(["identity", *IDENTIFIERS]), default="identity", err=True)
    if by != "identity":
        return {by: click.prompt(by, err=True)}
    return {
        "identity": {
            "nom_naissance": click.prompt("Nom de naissance", err=True),
            "prenoms": [
                name.strip() for name in click.prompt("Prénoms (comma-separated)", err=True).split(",")
            ],
            "date_naissance": click.prompt("Date de naissance (1991-04-17)", default="", err=True),
        }
    }
