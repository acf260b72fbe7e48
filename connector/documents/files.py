"""The published files: what each one's content is to be."""

import json
from pathlib import Path
from typing import Any

from connector.documents.asyncapi import asyncapi_document
from connector.documents.catalogue_schemas import schema_documents
from connector.documents.guide import tables
from connector.documents.markdown import MarkerError, with_tables


def published_files(folder: Path) -> dict[Path, str]:
    """Return the content that each published file in ``folder`` is to have.

    The guide is a page that a person writes and these functions complete: where there is none, none is made.
    Raises ``ExampleError`` for a check without a usable example, ``MarkerError`` for a guide without its places.
    """
    files = {
        folder / "json" / f"{name}.schema.json": _as_text(document)
        for name, document in schema_documents().items()
    }
    files[folder / "asyncapi.json"] = _as_text(asyncapi_document())
    guide = folder / "README.md"
    if guide.exists():
        try:
            files[guide] = with_tables(guide.read_text(encoding="utf-8"), tables())
        except MarkerError as error:
            raise MarkerError(f"{guide}: {error}") from None
    return files


def _as_text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
