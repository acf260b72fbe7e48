"""The examples of the French guide: what each check is asked with, and the data that it gives."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from connector.catalogue.definition import CheckDefinition
from connector.documents.examples import example_job, example_reply
from connector.documents.markdown import code

_SHARED: Final = ("version", "job_id", "tenant")
"""Members of a job that say nothing about a check."""


def worked_examples(catalogue: Mapping[str, CheckDefinition]) -> str:
    """Return one section per check: its part of a job, and ``data`` of its answer."""
    return "\n\n".join(part for definition in catalogue.values() for part in _example(definition))


def _example(definition: CheckDefinition) -> Iterator[str]:
    job = {name: value for name, value in example_job(definition).items() if name not in _SHARED}
    (answer,) = example_reply(definition)["checks"]
    yield f'<a id="exemple-{definition.name}"></a>'
    yield f"#### Exemple de {code(definition.name)}"
    yield f"Demande :\n\n{_fenced(job)}"
    yield f"Réponse, {code('status')} {code(answer['status'])}, {code('data')} :\n\n{_fenced(answer['data'])}"


def _fenced(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
