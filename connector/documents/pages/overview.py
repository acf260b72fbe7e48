"""The first page: the channels, the messages, the statuses and codes, and the way to each check."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from connector.catalogue.definition import CheckDefinition
from connector.documents.broker import channels
from connector.documents.codes import DocumentedCode, check_codes, job_codes
from connector.documents.forms import FRENCH, form
from connector.documents.members import DataMember, envelope_members
from connector.documents.pages.check_page import MEANING
from connector.documents.pages.html import Cell, codes, el, prose, table
from connector.documents.pages.layout import address, page
from schemas.base import ReplyModel, RequestModel
from schemas.codes import CheckStatus, JobStatus
from schemas.reply import Reply
from schemas.request import VerificationRequest

JOB_STATUSES: Final[Mapping[JobStatus, str]] = MappingProxyType(
    {
        JobStatus.REJECTED: "La demande n'a pas été exécutée : `errors` dit pourquoi, et `checks` est vide.",
        JobStatus.EXPIRED: "L'échéance est passée : chaque vérification est en erreur `expired`.",
        JobStatus.FAILED: "Chaque vérification est en erreur.",
        JobStatus.PARTIAL: "Certaines vérifications sont en erreur, les autres ont leur réponse.",
        JobStatus.COMPLETED: "Aucune vérification n'est en erreur.",
    }
)
CHECK_STATUSES: Final[Mapping[CheckStatus, str]] = MappingProxyType(
    {
        CheckStatus.FOUND: "La source a répondu. Si la personne a le droit demandé est dans `data`.",
        CheckStatus.NOT_FOUND: "La source n'a pas de dossier pour cette personne, ou la question ne la concerne pas.",
        CheckStatus.NOT_IDENTIFIED: "Personne, ou plus d'une personne, ne correspond à cette identité : la corriger.",
        CheckStatus.ERROR: "Pas de réponse : `reason` dit pourquoi, et s'il faut redemander.",
    }
)
_CHANNELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "verifications": (
            "le logiciel publie ses demandes",
            (
                "Échange `verifications` ; l'adresse est la clé de routage, où `lane` est `interactive` (un agent attend) ou "
                "`batch` (une campagne). Publier en persistant et `mandatory`, attendre la confirmation, sans `expiration`."
            ),
        ),
        "replies": (
            "le logiciel lit ses réponses",
            "File par défaut de ses réponses. La consommer avec des acquittements, sans rien déclarer.",
        ),
        "namedReplies": (
            "le logiciel lit ses réponses",
            "Autre file de réponse, que l'hébergeur ajoute et qu'une demande nomme dans `reply_to`.",
        ),
    }
)


def overview(catalogue: Mapping[str, CheckDefinition]) -> str:
    """Return the first page."""
    content = (
        *_checks(catalogue),
        *_broker(),
        *_message("demande", "La demande", VerificationRequest, "VerificationRequest"),
        *_message("reponse", "La réponse", Reply, "Reply"),
        *_statuses(),
        *_all_codes(),
    )
    lead = (
        "Un logiciel d'action sociale demande, sur RabbitMQ, ce que des sources publiques savent d'une personne ; la réponse "
        "arrive sur sa propre file."
    )
    return page("Contrat de vérification, version 1", lead, content)


def _checks(catalogue: Mapping[str, CheckDefinition]) -> Iterator[ET.Element]:
    yield el("h2", "Les vérifications", id="verifications")
    rows = (
        (
            [el("a", definition.title, href=address(name))],
            codes([name]),
            definition.provider,
            codes(dict.fromkeys(endpoint.call for endpoint in definition.endpoints)),
            ", ".join(map(str, definition.api_versions)),
        )
        for name, definition in catalogue.items()
    )
    yield table(
        f"{len(catalogue)} vérifications", ("Vérification", "Nom", "Organisme", "Appels", "Versions"), rows
    )


def _broker() -> Iterator[ET.Element]:
    yield el("h2", "Les canaux", id="canaux")
    rows = ((codes([channel["address"]]), *_CHANNELS[name]) for name, channel in channels().items())
    yield table("Objets du courtier", ("Adresse", "Sens", "Règles"), rows)


def _message(
    anchor: str, title: str, model: type[RequestModel | ReplyModel], name: str
) -> Iterator[ET.Element]:
    yield el("h2", title, id=anchor)
    yield el("p", *prose(f"Du JSON en UTF-8, de la classe `{name}`."))
    headings = ("Champ", "Type", "Peut être", MEANING)
    yield table(
        f"Champs : {title.lower()}",
        headings,
        map(_member, envelope_members(model)),
        english=len(headings) - 1,
    )


def _member(member: DataMember) -> tuple[Cell, ...]:
    states = (["nul"] if member.may_be_null else []) + (["absent"] if member.may_be_absent else [])
    return (
        codes([member.path]),
        form(member.schema, FRENCH),
        " ou ".join(states) or "toujours là",
        str(member.schema.get("description", "")),
    )


def _statuses() -> Iterator[ET.Element]:
    yield el("h2", "Les statuts", id="statuts")
    for caption, statuses in (
        ("Statut de la demande, le premier qui convient", JOB_STATUSES),
        ("Statut d'une vérification", CHECK_STATUSES),
    ):
        yield table(
            caption, ("Statut", "Sens"), ((codes([status]), text) for status, text in statuses.items())
        )


def _all_codes() -> Iterator[ET.Element]:
    yield el("h2", "Les codes", id="codes")
    yield el(
        "p", *prose("Un code inconnu se traite par `status` et `retryable` : il peut en venir d'autres.")
    )
    headings = ("Code", "Titre", "Que faire", "À redemander")
    yield table("Codes d'une vérification", headings, map(_code, check_codes()))
    yield table("Codes d'une demande rejetée", headings, map(_code, job_codes()))


def _code(one: DocumentedCode) -> tuple[Cell, ...]:
    return codes([one.code]), one.title, one.detail, "oui" if one.retryable else "non"
