"""The tables of the French guide's pages, as Markdown, made from the catalogue and the codes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.documents.catalogue_schemas import calls_title
from connector.documents.codes import DocumentedCode, check_codes, job_codes
from connector.documents.forms import FRENCH, form
from connector.documents.inputs import inputs
from connector.documents.markdown import code, table
from connector.documents.members import Need, identity_needs, parameters_of
from connector.documents.preset_table import preset_table

Catalogue = Mapping[str, CheckDefinition]

IDENTITY_NAMES: Final = MappingProxyType(
    {
        "nom_naissance": "nomNaissance",
        "nom_usage": "nomUsage",
        "prenoms": "prenoms[]",
        "sexe": "sexeEtatCivil",
        "date_naissance": "anneeDateNaissance, moisDateNaissance, jourDateNaissance",
        "lieu_naissance.code_pays": "codeCogInseePaysNaissance",
        "lieu_naissance.code_commune": "codeCogInseeCommuneNaissance",
        "lieu_naissance.nom_commune": "nomCommuneNaissance",
        "lieu_naissance.code_departement": "codeCogInseeDepartementNaissance",
    },
)
_MOST_EXCEPTIONS: Final = 4
"""Above this, the checks are named rather than those left out."""


def tables(catalogue: Catalogue = CATALOGUE) -> dict[str, str]:
    """Return each table under its name."""
    return {name: write(catalogue) for name, write in _TABLES.items()}


def _verifications(catalogue: Catalogue) -> str:
    headings = (
        "Vérification",
        "Donnée",
        "Appels et ce qu'ils demandent",
        "Versions",
        "Fournisseur",
        "Autres paramètres",
    )
    return table(headings, (_verification(definition) for definition in catalogue.values()))


def _verification(definition: CheckDefinition) -> Sequence[str]:
    calls = dict.fromkeys(endpoint.call for endpoint in definition.endpoints)
    default, *others = map(str, definition.api_versions)
    own_inputs = {name for call in calls for name in inputs(call)}
    names = dict.fromkeys(parameter.name for parameter, _ in parameters_of(definition))
    return (
        f"[{code(definition.name)}]({definition.name}.md)",
        definition.title,
        "<br>".join(f"{code(call)} : {', '.join(map(code, inputs(call)))}" for call in calls),
        f"{default} (aussi {', '.join(others)})" if others else default,
        definition.provider,
        (", ".join(code(name) for name in names if f"params.{name}" not in own_inputs) or "aucun")
        + (f". {definition.params_note}" if definition.params_note else ""),
    )


def _parametres(catalogue: Catalogue) -> str:
    return table(
        ("Vérification", "Appels", "Paramètre", "Nom à l'API", "Exigé", "Forme"),
        (
            (
                code(definition.name),
                "tous" if len(endpoints) == len(definition.endpoints) else calls_title(endpoints),
                code(parameter.name),
                code(parameter.api_name),
                "oui" if parameter.is_required else "non",
                form(parameter.schema, FRENCH),
            )
            for definition in catalogue.values()
            for parameter, endpoints in parameters_of(definition)
        ),
    )


def _codes(codes: Iterable[DocumentedCode]) -> str:
    return table(
        ("Code", "Titre", "Que faire", "`retryable`"),
        ((code(each.code), each.title, each.detail, "oui" if each.retryable else "non") for each in codes),
    )


def _noms(catalogue: Catalogue) -> str:
    """Name each member of the identity and each parameter on both sides."""
    needs = {
        definition.name: identity_needs(endpoint.identity)
        for definition in catalogue.values()
        for endpoint in definition.of_version(definition.api_version)
        if endpoint.identity is not None
    }
    identity = (
        (
            code(f"identity.{name}"),
            ", ".join(map(code, api_name.split(", "))),
            _checks(needs, name, Need.DEMANDED),
            _checks(needs, name, Need.DEMANDED_IN_FRANCE),
            _checks(needs, name, Need.TAKEN),
        )
        for name, api_name in IDENTITY_NAMES.items()
    )
    api_names: dict[str, dict[str, None]] = {
        "tenant": {"recipient": None},
        "france_connect_token": {"Authorization: Bearer": None},
    }
    for definition in catalogue.values():
        for parameter, _ in parameters_of(definition):
            api_names.setdefault(f"params.{parameter.name}", {})[parameter.api_name] = None
    others = ((code(name), ", ".join(map(code, names))) for name, names in api_names.items())
    in_france = "Exigé pour une naissance en France par"
    headings = ("Identité", "Nom à l'API", "Exigé par", in_france, "Accepté par")
    return "\n\n".join((table(headings, identity), table(("Autre", "Nom à l'API"), others)))


def _checks(needs: Mapping[str, Mapping[str, Need]], member: str, wanted: Need) -> str:
    so = [check for check, need in needs.items() if need.get(member) is wanted]
    others = [check for check in needs if check not in so]
    if so and len(others) <= _MOST_EXCEPTIONS:
        return f"toutes sauf {', '.join(map(code, others))}" if others else "toutes"
    return ", ".join(map(code, so))


_TABLES: Final[Mapping[str, Callable[[Catalogue], str]]] = MappingProxyType(
    {
        "verifications": _verifications,
        "parametres": _parametres,
        "codes-verification": lambda _catalogue: _codes(check_codes()),
        "codes-demande": lambda _catalogue: _codes(job_codes()),
        "noms": _noms,
        "formulaires": preset_table,
    },
)
