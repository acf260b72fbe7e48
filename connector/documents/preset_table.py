"""The guide's table of what each preset opens, made from the presets and the catalogue."""

from collections.abc import Iterator, Mapping

from connector.catalogue.definition import CheckDefinition
from connector.catalogue.grants import hidden_blocks, paths
from connector.catalogue.presets import PRESETS
from connector.documents.markdown import code, table


def preset_table(catalogue: Mapping[str, CheckDefinition]) -> str:
    """Return one row per preset: whose form it is, and the checks that it opens."""
    headings = ("Formulaire", "De qui", "Vérifications ouvertes")
    return table(
        headings,
        (
            (code(name), preset.title, " ; ".join(_opened(catalogue, frozenset(preset.scopes))))
            for name, preset in PRESETS.items()
        ),
    )


def _opened(catalogue: Mapping[str, CheckDefinition], scopes: frozenset[str]) -> Iterator[str]:
    hidden = {name: hidden_blocks(check, scopes) for name, check in catalogue.items()}
    if all(blocks is not None and not blocks for blocks in hidden.values()):
        yield "toutes, entières"
        return
    for name, blocks in hidden.items():
        if blocks is not None:
            yield code(name) + (f" sans {', '.join(map(code, paths(blocks)))}" if blocks else "")
