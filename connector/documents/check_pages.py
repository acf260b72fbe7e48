"""A page of the French guide for each check, as Markdown, made from its definition alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition, Endpoint
from connector.documents.catalogue_schemas import calls_title
from connector.documents.examples import example_job, example_reply
from connector.documents.forms import FRENCH, form
from connector.documents.inputs import inputs
from connector.documents.markdown import code, table
from connector.documents.members import DataMember, data_members, parameters_of


def check_pages(catalogue: Mapping[str, CheckDefinition] = CATALOGUE) -> dict[str, str]:
    """Return the text of each check's page, by the check's name. Raises ``ExampleError``."""
    return {name: "\n\n".join(_parts(definition)) + "\n" for name, definition in catalogue.items()}


def _parts(definition: CheckDefinition) -> Iterator[str]:
    yield f"# {definition.title}"
    yield f"{code(definition.name)} · [catalogue](README.md) · [guide](../README.md)"
    yield definition.summary
    yield "## La demander"
    yield table(("Appel", "Ce qu'il demande", "Versions"), _calls(definition))
    parameters = list(_parameters(definition))
    if parameters:
        yield table(("Paramètre", "Nom à l'API", "Appels", "Exigé", "Forme"), parameters)
    if definition.params_note:
        yield definition.params_note
    yield f"Par exemple :\n\n{_fenced(example_job(definition))}"
    yield "## Lire la réponse"
    (answer,) = example_reply(definition)["checks"]
    yield f"Le bac à sable répond à cet exemple {code(answer['status'])}, avec ces données :\n\n{_fenced(answer['data'])}"
    yield from _data(definition)
    yield "\n".join(f"- {note}" for note in _notes(definition))


def _calls(definition: CheckDefinition) -> Iterator[Sequence[str]]:
    for call in dict.fromkeys(endpoint.call for endpoint in definition.endpoints):
        served = dict.fromkeys(str(each.api_version) for each in definition.endpoints if each.call is call)
        default = str(definition.api_version)
        versions = (
            f"{each} (par défaut)" if each == default and len(served) > 1 else each for each in served
        )
        yield code(call), ", ".join(map(code, inputs(call))), ", ".join(versions)


def _parameters(definition: CheckDefinition) -> Iterator[Sequence[str]]:
    for parameter, endpoints in parameters_of(definition):
        yield (
            code(f"params.{parameter.name}"),
            code(parameter.api_name),
            "tous" if len(endpoints) == len(definition.endpoints) else calls_title(endpoints),
            "oui" if parameter.is_required else "non",
            form(parameter.schema, FRENCH),
        )


def _data(definition: CheckDefinition) -> Iterator[str]:
    by_model: dict[type, list[Endpoint]] = {}
    for endpoint in definition.endpoints:
        by_model.setdefault(endpoint.data, []).append(endpoint)
    for model, endpoints in by_model.items():
        versions = sorted({str(endpoint.api_version) for endpoint in endpoints})
        if len(by_model) > 1:
            yield f"### Version{'s' if len(versions) > 1 else ''} {' et '.join(versions)}"
        yield table(("Champ de `data`", "Type", "Peut être", "Droit"), map(_data_row, data_members(model)))


def _data_row(member: DataMember) -> Sequence[str]:
    states = (["nul"] if member.may_be_null else []) + (["absent"] if member.may_be_absent else [])
    scope = code(member.scope) if member.scope else ""
    return code(member.path), form(member.schema, FRENCH), " ou ".join(states), scope


def _notes(definition: CheckDefinition) -> Iterator[str]:
    essential = ", ".join(
        code(pointer.removeprefix("/").replace("/", ".")) for pointer in definition.essential
    )
    yield f"Si {essential} ne se lit pas, la réponse est `error`, `unexpected_response` ; une autre valeur illisible est retirée."
    yield from definition.notes
    if definition.no_record_detail:
        yield f"`not_found`, `no_record` : « {definition.no_record_detail} »"
    if definition.not_concerned_detail:
        yield f"`not_found`, `not_concerned` : « {definition.not_concerned_detail} »"


def _fenced(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
