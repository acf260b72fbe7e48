"""The published files: what each one's content is to be."""

import json
from pathlib import Path
from typing import Any, Final

from connector.documents.asyncapi import asyncapi_document
from connector.documents.catalogue_schemas import schema_documents
from connector.documents.check_pages import check_pages
from connector.documents.guide import tables
from connector.documents.markdown import with_tables

_PAGES: Final = ("README.md", "reference.md", "verifications/README.md")
"""The pages of the guide that a person writes, and that tables complete."""


def published_files(folder: Path) -> dict[Path, str]:
    """Return the content that each published file in ``folder`` is to have.

    The guide's own pages are written by a person, and these functions complete them: where there is no README.md, none is
    made. Raises ``ExampleError`` for a check without a usable example, ``MarkerError`` for a guide without its places.
    """
    files = {
        folder / "json" / f"{name}.schema.json": _as_text(document)
        for name, document in schema_documents().items()
    }
    files[folder / "asyncapi.json"] = _as_text(asyncapi_document())
    files |= {folder / "verifications" / f"{name}.md": page for name, page in check_pages().items()}
    pages = [path for name in _PAGES if (path := folder / name).exists()]
    if folder / _PAGES[0] in pages:
        files |= with_tables({page: page.read_text(encoding="utf-8") for page in pages}, tables())
    return files


def _as_text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
